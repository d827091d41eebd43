//! The shared state of one accepted request: who may deliver its outcome, and when it is too late to stop it.

use std::sync::Arc;
use std::time::Instant;

use super::completion::{Answer, Completion, Sink};
use super::desk::Desk;
use super::sync::{AtomicU8, Ordering};
use crate::error::{Code, Error, Result};
use crate::store::operation::Kind;
use crate::telemetry::batches::Shape;

/// Nothing has had an effect yet: cancel and deadline may end it.
const OPEN: u8 = 0;
/// The backend is at work: a write may be applied.
const CLAIMED: u8 = 1;
/// The outcome is decided; whoever made this step delivers it.
const DONE: u8 = 2;

/// One accepted request.
///
/// Every outcome passes through the one step to `DONE`, from where there is no way back: the backend's
/// answer, cancel, deadline, close and a dropped task all compete for it and exactly one wins.
/// `CLAIMED` goes back to `OPEN` between two attempts of a write that was surely not applied.
#[derive(Debug)]
pub struct Ticket {
    id: u64,
    tag: u64,
    kind: Kind,
    batch: Option<Shape>,
    writes: bool,
    state: AtomicU8,
    /// Not 0: a cancel or close came too late to end a write; it is not to be tried again.
    unwanted: AtomicU8,
    started: Instant,
    deadline: Option<Instant>,
    bytes: usize,
    sink: Sink,
    desk: Arc<Desk>,
}

/// What submit knows of a request.
#[derive(Debug)]
pub struct Admission {
    /// The caller's number, echoed.
    pub tag: u64,
    /// Which operation.
    pub kind: Kind,
    /// What the statistics keep of a batch.
    pub batch: Option<Shape>,
    /// Whether it may change items.
    pub writes: bool,
    /// Bytes of its body.
    pub bytes: usize,
    /// When it was submitted.
    pub started: Instant,
    /// When it expires.
    pub deadline: Option<Instant>,
    /// Where its outcome goes.
    pub sink: Sink,
}

impl Ticket {
    pub(super) fn new(id: u64, admission: Admission, desk: Arc<Desk>) -> Self {
        let Admission { tag, kind, batch, writes, bytes, started, deadline, sink } = admission;
        Self {
            id,
            tag,
            kind,
            batch,
            writes,
            state: AtomicU8::new(OPEN),
            unwanted: AtomicU8::new(0),
            started,
            deadline,
            bytes,
            sink,
            desk,
        }
    }

    /// The operation id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The caller's tag.
    pub fn tag(&self) -> u64 {
        self.tag
    }

    /// Bytes of the request's body.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The in-flight desk this request sits at.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// When it expires.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// See [`Task::claim`](super::task::Task::claim). Repeatable: a job that its engine runs again
    /// has claimed already.
    pub fn claim(&self) -> bool {
        if self.deadline.is_some_and(|at| at <= Instant::now()) && self.decide(OPEN) {
            self.deliver(Err(self.expired(OPEN)));
            return false;
        }
        match self.state.compare_exchange(OPEN, CLAIMED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(state) => state == CLAIMED,
        }
    }

    /// Takes a claim back, for another attempt later; the one before surely had no effect.
    pub fn reopen(&self) {
        let _ = self.state.compare_exchange(CLAIMED, OPEN, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Whether a `stop` came while a write was under way.
    pub fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::SeqCst) != 0
    }

    /// Whether the outcome is decided: no more work is wanted.
    pub fn stopped(&self) -> bool {
        self.state.load(Ordering::Relaxed) == DONE
    }

    /// Delivers the backend's outcome, unless another one was faster.
    pub fn complete(&self, outcome: Result<String>)
    where
        Self: Sized,
    {
        if self.state.swap(DONE, Ordering::AcqRel) != DONE {
            self.deliver(outcome);
        }
    }

    /// Tries to decide a cancel. True: the caller must now `deliver` the error that comes with it.
    /// A write that is already claimed is not stopped; its own outcome will come, but it is not tried
    /// again (`is_unwanted`). Whoever waits to try it again must be told to look.
    ///
    /// The mark is set before the second look at the state, and `reopen` comes before its caller looks
    /// at the mark (all SeqCst): a write that is being reopened is ended here, or there.
    pub fn stop(&self, code: Code) -> Option<Error> {
        let message = match code {
            Code::Closed => "the store was closed before the request ran",
            _ => "cancelled before the request had any effect",
        };
        loop {
            match self.state.load(Ordering::SeqCst) {
                DONE => return None,
                CLAIMED if self.writes => {
                    self.unwanted.store(1, Ordering::SeqCst);
                    if self.state.load(Ordering::SeqCst) == CLAIMED {
                        return None;
                    }
                }
                state if self.decide(state) => return Some(Error::new(code, message)),
                _ => {}
            }
        }
    }

    /// Tries to decide that the deadline has passed. `Some`: the caller must now deliver it.
    pub fn expire(&self) -> Option<Error> {
        loop {
            match self.state.load(Ordering::SeqCst) {
                DONE => return None,
                state if self.decide(state) => return Some(self.expired(state)),
                // It was claimed or reopened meanwhile.
                _ => {}
            }
        }
    }

    fn expired(&self, state: u8) -> Error {
        let after = self.deadline.map_or(0, |at| (at - self.started).as_micros());
        let details = format!("{{\"operation\":\"{}\",\"timeout_us\":{after}}}", self.kind.name());
        let error = if state == CLAIMED && self.writes {
            let text = "the deadline passed while the write was being applied; it may or may not be stored";
            Error::new(Code::UnknownOutcome, text)
        } else {
            Error::new(Code::Timeout, "the deadline passed; nothing was applied")
        };
        error.with_details(details)
    }

    fn decide(&self, from: u8) -> bool {
        self.state.compare_exchange(from, DONE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Delivers; only for whoever made the step to `DONE`. On a thread of the runtime, under no lock.
    pub fn deliver(&self, outcome: Result<String>) {
        let latency = self.started.elapsed();
        let code = outcome.as_ref().err().map(Error::code);
        self.desk.observe(self.kind, self.batch, code, latency);
        // Taking it out of its slot first ends every later look-up by cancel or deadline; the slot
        // itself stays taken until the completion is dropped.
        let Some(ticket) = self.desk.forget(self.id) else {
            debug_assert!(false, "an outcome was delivered twice");
            return;
        };
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        let completion = Completion::new(ticket, Answer::new(outcome), nanos);
        match &self.sink {
            Sink::Queue(queue) => queue.push(completion),
            Sink::Receiver(receiver) => receiver.receive(completion),
        }
    }
}

/// A decided outcome on its way to a thread of the runtime. If that never comes (the runtime is
/// going down and drops its tasks), dropping it delivers all the same.
pub struct Delivery(Option<(Arc<Ticket>, Error)>);

impl Delivery {
    /// For whoever decided `error` on `ticket`.
    pub fn new(ticket: Arc<Ticket>, error: Error) -> Self {
        Self(Some((ticket, error)))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((ticket, error)) = self.0.take() {
            ticket.deliver(Err(error));
        }
    }
}
