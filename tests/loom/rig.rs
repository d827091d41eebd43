//! What all models stand on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lgstore::error::{Code, Result};
use lgstore::op::completion::{Completion, Receiver, Sink};
use lgstore::op::desk::{Desk, Observer};
use lgstore::op::task::Task;
use lgstore::op::ticket::{Admission, Delivery, Ticket};
use lgstore::store::operation::{Kind, Operation};
use lgstore::telemetry::batches::Shape;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Quiet;

impl Observer for Quiet {
    fn observe(&self, _: Kind, _: Option<Shape>, _: Option<Code>, _: Duration) {}
}

pub fn desk(slots: usize) -> Arc<Desk> {
    Arc::new(Desk::new(slots, 1_000, Arc::new(Quiet)))
}

/// Counts completions, and those that came after close.
#[derive(Default)]
pub struct Counter {
    pub count: AtomicUsize,
    pub closed: AtomicBool,
    pub after_close: AtomicBool,
}

impl Receiver for Counter {
    fn receive(&self, completion: Completion) {
        if self.closed.load(Ordering::SeqCst) {
            self.after_close.store(true, Ordering::SeqCst);
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        drop(completion);
    }
}

/// Keeps the status of the one completion.
#[derive(Default)]
pub struct LastStatus {
    pub status: Mutex<Option<i32>>,
}

impl Receiver for LastStatus {
    fn receive(&self, completion: Completion) {
        // As a callback does: the slot goes back, and close goes on, when it has returned.
        let (answer, held) = completion.detach();
        assert!(self.status.lock().unwrap().replace(answer.status()).is_none(), "a second completion");
        drop(held);
    }
}

pub fn request(sink: Sink, writes: bool) -> Admission {
    let started = Instant::now();
    Admission { tag: 7, kind: Kind::Put, batch: None, writes, bytes: 10, started, deadline: None, sink }
}

pub fn cancel(desk: &Arc<Desk>, id: u64) {
    if let Some(ticket) = desk.find(id) {
        if let Some(error) = ticket.stop(Code::Cancelled) {
            drop(Delivery::new(ticket, error));
        }
    }
}

pub fn expire(ticket: &Arc<Ticket>) {
    if let Some(error) = ticket.expire() {
        ticket.deliver(Err(error));
    }
}

pub fn answer() -> Result<String> {
    Ok("null".to_owned())
}

pub fn run(ticket: Arc<Ticket>) {
    let task = Task::new(ticket, Operation::Sweep);
    if task.claim() {
        task.complete(answer());
    }
}
