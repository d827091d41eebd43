//! An accepted request on its way through a backend.

use std::sync::Arc;
use std::time::Instant;

use super::ticket::Ticket;
use crate::error::{Code, Error, Result};
use crate::guard::Watch;
use crate::store::operation::Operation;
use crate::store::request::{Options, Prepared};

/// The right and the duty to complete one accepted request.
///
/// Completing consumes it. A task that is dropped (a runtime going down, a panic unwinding, a queue
/// thrown away) completes itself as closed or panicked, so no request is ever left without an outcome.
#[derive(Debug)]
pub struct Task {
    /// Taken by `deliver`; still there in `drop` when nobody completed it.
    ticket: Option<Arc<Ticket>>,
    operation: Operation,
    options: Option<Box<Options>>,
    /// Of the guards that want to see the outcome first.
    watch: Option<Box<Watch>>,
}

impl Task {
    /// A task for an admitted request.
    pub fn new(ticket: Arc<Ticket>, request: impl Into<Prepared>) -> Self {
        let Prepared { operation, options, watch } = request.into();
        Self { ticket: Some(ticket), operation, options, watch }
    }

    /// What to do.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// How to do it, where the request says anything of that.
    pub fn options(&self) -> Option<&Options> {
        self.options.as_deref()
    }

    /// What an attempt has chosen for the request (a timestamp, versions), the same for all attempts: the
    /// first one's `choose` decides. A backend asks with one type only.
    ///
    /// A write that is repeated so does not overwrite what came after its first attempt.
    pub fn stamp<T: Clone + Send + Sync + 'static>(&self, choose: impl FnOnce() -> T) -> T {
        match &self.watch {
            Some(watch) if watch.keeps_stamp => {
                let mut choose = Some(choose);
                let kept = watch.stamp.get_or_init(|| Box::new(choose.take().map(|choose| choose())));
                match (kept.downcast_ref::<Option<T>>(), choose) {
                    (Some(Some(stamp)), _) => stamp.clone(),
                    // Of another type: this one is not kept.
                    (_, Some(choose)) => choose(),
                    (_, None) => unreachable!("`choose` is used up only by the line that keeps its result"),
                }
            }
            // Nobody can run it again.
            _ => choose(),
        }
    }

    /// Reports that a part of the request has failed for good (one operation of a batch) although its
    /// outcome will be an answer: the circuit breaker counts it.
    pub fn part_failed(&self, error: &Error) {
        if let Some(watch) = &self.watch {
            watch.guards.part_failed(watch, error);
        }
    }

    /// Takes the last moment at which the request can still be cancelled or expire without effect.
    ///
    /// Call it right before the first effect (inside the write transaction, before the query is
    /// sent). False: the caller already has the outcome; drop the task and do nothing.
    /// From then on a deadline answers `UnknownOutcome` for writes, and a cancel has no effect on them.
    pub fn claim(&self) -> bool {
        self.ticket.as_ref().is_some_and(|ticket| ticket.claim())
    }

    /// Takes a claim back: the attempt surely had no effect, and no other one is under way.
    pub(crate) fn reopen(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.reopen();
        }
    }

    /// Whether the outcome is no longer wanted (cancelled, expired): long scans ask every few rows.
    pub fn stopped(&self) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.stopped())
    }

    /// Whether a cancel or close came when a write was under way: it gets its outcome, but is not tried again.
    pub fn is_unwanted(&self) -> bool {
        self.ticket.as_ref().is_none_or(|ticket| ticket.is_unwanted())
    }

    /// When the request expires.
    pub fn deadline(&self) -> Option<Instant> {
        self.ticket.as_ref().and_then(|ticket| ticket.deadline())
    }

    /// Ends the request with the answer as JSON text, or an error; the guards may run it again instead.
    pub fn complete(self, outcome: Result<String>) {
        match &self.watch {
            None => self.deliver(outcome),
            Some(watch) => {
                let guards = watch.guards.clone();
                guards.outcome(self, outcome);
            }
        }
    }

    /// Delivers the outcome, past the guards.
    pub(crate) fn deliver(mut self, outcome: Result<String>) {
        if let Some(mut watch) = self.watch.take() {
            watch.guards.clone().dropped(&mut watch);
        }
        if let Some(ticket) = self.ticket.take() {
            ticket.complete(outcome);
        }
    }

    pub(crate) fn watch(&self) -> Option<&Watch> {
        self.watch.as_deref()
    }

    pub(crate) fn watch_mut(&mut self) -> Option<&mut Watch> {
        self.watch.as_deref_mut()
    }

    pub(crate) fn watch_or(&mut self, make: impl FnOnce() -> Watch) -> &mut Watch {
        self.watch.get_or_insert_with(|| Box::new(make()))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut in_doubt = false;
        if let Some(mut watch) = self.watch.take() {
            in_doubt = watch.in_doubt && self.operation.writes();
            watch.guards.clone().dropped(&mut watch);
        }
        let Some(ticket) = self.ticket.take() else { return };
        let error = if in_doubt {
            Error::new(
                Code::UnknownOutcome,
                "an earlier attempt may have been applied; the last one did not run",
            )
        } else if std::thread::panicking() {
            Error::new(Code::Panic, "the operation panicked; it was not applied")
        } else {
            Error::new(Code::Closed, "the store went down before the request ran")
        };
        ticket.complete(Err(error));
    }
}
