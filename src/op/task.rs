//! An accepted request on its way through a backend.

use std::sync::Arc;
use std::time::Instant;

use super::ticket::Ticket;
use crate::error::{Code, Error, Result};
use crate::store::operation::Operation;

/// The right and the duty to complete one accepted request.
///
/// Completing consumes it. A task that is dropped (a runtime going down, a panic unwinding, a queue
/// thrown away) completes itself as closed or panicked, so no request is ever left without an outcome.
#[derive(Debug)]
pub struct Task {
    /// Taken by `complete`; still there in `drop` when nobody completed it.
    ticket: Option<Arc<Ticket>>,
    operation: Operation,
}

impl Task {
    /// A task for an admitted request.
    pub fn new(ticket: Arc<Ticket>, operation: Operation) -> Self {
        Self { ticket: Some(ticket), operation }
    }

    /// What to do.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Takes the last moment at which the request can still be cancelled or expire without effect.
    ///
    /// Call it right before the first effect (inside the write transaction, before the query is
    /// sent). False: the caller already has the outcome; drop the task and do nothing.
    /// From then on a deadline answers `UnknownOutcome` for writes, and a cancel has no effect on them.
    pub fn claim(&self) -> bool {
        self.ticket.as_ref().is_some_and(|ticket| ticket.claim())
    }

    /// Whether the outcome is no longer wanted (cancelled, expired): long scans ask every few rows.
    pub fn stopped(&self) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.stopped())
    }

    /// When the request expires.
    pub fn deadline(&self) -> Option<Instant> {
        self.ticket.as_ref().and_then(|ticket| ticket.deadline())
    }

    /// Delivers the outcome: the answer as JSON text, or an error.
    pub fn complete(mut self, outcome: Result<String>) {
        if let Some(ticket) = self.ticket.take() {
            ticket.complete(outcome);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let error = if std::thread::panicking() {
            Error::new(Code::Panic, "the operation panicked; it was not applied")
        } else {
            Error::new(Code::Closed, "the store went down before the request ran")
        };
        ticket.complete(Err(error));
    }
}
