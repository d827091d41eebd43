//! Lanes: the runtime's tasks that run accepted requests, many per wake-up.
//!
//! One runtime task per request costs twice as much as a lane that takes requests from a queue
//! (measured), so a store has a few lanes instead.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::burst::Burst;
use super::task::Task;
use crate::store::Store;

/// Requests a lane runs before it wakes their readers and lets other tasks of the runtime have a turn.
const BURST: usize = 32;

/// Requests waiting per working lane before another lane is woken: a wake-up costs more than a few reads.
const BACKLOG: usize = 32;

/// The lanes of one store.
pub struct Lanes {
    queue: ArrayQueue<Task>,
    sleeping: AtomicUsize,
    count: usize,
    bell: Notify,
    closed: AtomicBool,
    store: Arc<Store>,
}

impl Lanes {
    /// `count` lanes on `runtime` for at most `capacity` requests in flight.
    pub fn start(runtime: &Handle, count: usize, capacity: usize, store: Arc<Store>) -> Arc<Self> {
        let lanes = Arc::new(Self {
            queue: ArrayQueue::new(2 * capacity),
            sleeping: AtomicUsize::new(0),
            count,
            bell: Notify::new(),
            closed: AtomicBool::new(false),
            store,
        });
        for _ in 0..count {
            runtime.spawn(Arc::clone(&lanes).run());
        }
        lanes
    }

    /// Queues a task.
    pub fn push(&self, task: Task) {
        if let Err(task) = self.queue.push(task) {
            self.push_to_full(task);
        }
    }

    /// A cancelled or expired request gives its slot back while its task still waits here, so the queue
    /// can be full although slots are free. Tasks whose outcome is decided are thrown out then; dropping
    /// those delivers nothing. At most half of the places belong to undecided tasks (there are twice as
    /// many as slots), so one pass frees the other half, and pushing stays cheap on average.
    #[cold]
    fn push_to_full(&self, task: Task) {
        let mut homeless = vec![task];
        while let Some(task) = homeless.pop() {
            let Err(task) = self.queue.push(task) else { continue };
            homeless.push(task);
            for _ in 0..self.queue.len() {
                let Some(task) = self.queue.pop() else { break };
                if !task.stopped() {
                    homeless.push(task);
                }
            }
        }
    }

    /// Wakes a lane if those awake have enough to do. Call after pushing; once per burst is enough.
    ///
    /// No request is stranded: a lane counts itself as sleeping (SeqCst) before it looks at the
    /// queue a last time, and here the push comes before the count is read (SeqCst). So either that
    /// look finds the request, or this sees the sleeper; and while any lane is awake it will look
    /// before it sleeps.
    pub fn wake(&self) {
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.queue.is_empty() {
            // A burst that was answered at once, or a lane has taken everything.
            return;
        }
        let sleeping = self.sleeping.load(Ordering::SeqCst);
        let awake = self.count - sleeping.min(self.count);
        if sleeping > 0 && (awake == 0 || self.queue.len() > awake * BACKLOG) {
            self.bell.notify_one();
        }
    }

    /// Ends the lanes; what still waits is dropped and completes itself as closed.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for _ in 0..self.count {
            self.bell.notify_one();
        }
        self.bell.notify_waiters();
        while self.queue.pop().is_some() {}
    }

    async fn run(self: Arc<Self>) {
        // If the runtime drops this task, requests in the queue must not wait for ever.
        let _last_look = DropQueue(Arc::clone(&self));
        let mut tasks = Vec::with_capacity(BURST);
        while !self.closed.load(Ordering::SeqCst) {
            while tasks.len() < BURST {
                let Some(task) = self.queue.pop() else { break };
                // One that was cancelled or has expired meanwhile has had its outcome.
                if !task.stopped() {
                    tasks.push(task);
                }
            }
            if !tasks.is_empty() {
                let burst = Burst::begin();
                let _ = catch_unwind(AssertUnwindSafe(|| self.store.start_all(&mut tasks)));
                tasks.clear();
                drop(burst);
                // Other tasks of the runtime have their turn, then there may be more.
                tokio::task::yield_now().await;
                continue;
            }
            let mut bell = pin!(self.bell.notified());
            self.sleeping.fetch_add(1, Ordering::SeqCst);
            // Registered before the last look, so that close's notify_waiters reaches it too.
            bell.as_mut().enable();
            std::sync::atomic::fence(Ordering::SeqCst);
            if self.queue.is_empty() && !self.closed.load(Ordering::SeqCst) {
                bell.await;
            }
            self.sleeping.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

struct DropQueue(Arc<Lanes>);

impl Drop for DropQueue {
    fn drop(&mut self) {
        // Whether the runtime is going down or the store closed: nobody will run these.
        while self.0.queue.pop().is_some() {}
    }
}
