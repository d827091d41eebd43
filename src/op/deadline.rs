//! Ends requests whose deadline passes while they wait or run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::desk::Desk;

/// One timer for all requests of a store: it sleeps until the earliest deadline, ends what is due,
/// and looks for the next. A timer per request would cost more than the requests.
#[derive(Debug)]
pub struct Deadlines {
    base: Instant,
    /// Microseconds after `base` at which the timer will look next; `u64::MAX` = asleep.
    next: AtomicU64,
    earlier: Notify,
    stopped: AtomicBool,
}

impl Deadlines {
    /// Starts the timer on `runtime`; it ends when the runtime or the desk's store ends.
    pub fn start(runtime: &Handle, desk: &Arc<Desk>) -> Arc<Self> {
        let deadlines = Arc::new(Self {
            base: Instant::now(),
            next: AtomicU64::new(u64::MAX),
            earlier: Notify::new(),
            stopped: AtomicBool::new(false),
        });
        let (timer, desk) = (Arc::clone(&deadlines), Arc::downgrade(desk));
        runtime.spawn(async move {
            while !timer.stopped.load(Ordering::SeqCst) {
                let Some(desk) = desk.upgrade() else { return };
                timer.look(&desk);
                drop(desk);
                timer.sleep().await;
            }
        });
        deadlines
    }

    /// Tells of a new request's deadline.
    pub fn watch(&self, at: Instant) {
        let tick = self.tick(at);
        if tick < self.next.fetch_min(tick, Ordering::SeqCst) {
            self.earlier.notify_one();
        }
    }

    /// Ends the timer. (Waking it would not be enough: it may look before the store has gone, and would
    /// then sleep for ever.)
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.earlier.notify_one();
    }

    fn look(&self, desk: &Arc<Desk>) {
        // Reset first: a request that comes during the scan lowers `next` again, or was seen.
        self.next.store(u64::MAX, Ordering::SeqCst);
        let (due, next) = desk.due(Instant::now());
        for ticket in due {
            if let Some(error) = ticket.expire() {
                ticket.deliver(Err(error));
            }
        }
        if let Some(at) = next {
            self.next.fetch_min(self.tick(at), Ordering::SeqCst);
        }
    }

    async fn sleep(&self) {
        loop {
            let next = self.next.load(Ordering::SeqCst);
            if next == u64::MAX {
                self.earlier.notified().await;
                return;
            }
            let at = tokio::time::Instant::from_std(self.base + Duration::from_micros(next));
            match tokio::time::timeout_at(at, self.earlier.notified()).await {
                Err(_due) => return,
                // An earlier deadline, or the end (then nothing is earlier): look at the new time.
                Ok(()) if self.next.load(Ordering::SeqCst) == next => return,
                Ok(()) => {}
            }
        }
    }

    fn tick(&self, at: Instant) -> u64 {
        let micros = at.saturating_duration_since(self.base).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX - 1) + 1
    }
}
