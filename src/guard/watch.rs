//! What the guards remember of a request.

use std::any::Any;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::Guarded;
use super::breaker::Permit;
use super::retry::Backoff;
use crate::error::Error;

/// Goes with a task from the guards to the backend and back, with its outcome.
pub struct Watch {
    pub(crate) guards: Arc<Guarded>,
    /// Given by the breaker for the attempt that runs.
    pub(super) permit: Option<Permit>,
    /// The rate limit has let it through.
    pub(super) paid: bool,
    /// It has failed on the caller's thread already, and is to be tried again.
    pub(super) failed: Option<Error>,
    /// An attempt that has failed may have been applied.
    pub(crate) in_doubt: bool,
    /// Attempts after the first, so far.
    pub(super) attempts: u32,
    /// When the attempt that runs began.
    pub(super) began: Instant,
    /// A part of the request has failed and was reported.
    pub(crate) part_failed: AtomicBool,
    /// Made at the first failure.
    pub(super) backoff: Option<Box<Backoff>>,
    /// Another attempt is possible: what the first one chose is kept.
    pub(crate) keeps_stamp: bool,
    pub(crate) stamp: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Watch {
    pub(super) fn new(guards: Arc<Guarded>) -> Self {
        Self {
            guards,
            permit: None,
            paid: false,
            failed: None,
            in_doubt: false,
            attempts: 0,
            began: Instant::now(),
            part_failed: AtomicBool::new(false),
            backoff: None,
            keeps_stamp: false,
            stamp: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("attempts", &self.attempts).field("permit", &self.permit).finish()
    }
}
