//! The threads that call back into the host.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::{Condvar, Mutex};

use super::threads;

/// A callback with everything it needs.
pub type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Where callbacks are handed over. A clone is a handle to the same threads and keeps no thread alive.
#[derive(Clone)]
pub struct CallbackPool {
    shared: Arc<Shared>,
}

struct Shared {
    /// Callbacks run on the worker that posts them, where that is allowed.
    inline: bool,
    queue: Mutex<Queue>,
    posted: Condvar,
    panics: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl CallbackPool {
    pub(super) fn new(inline: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                inline,
                queue: Mutex::default(),
                posted: Condvar::new(),
                panics: AtomicU64::new(0),
            }),
        }
    }

    /// Hands a callback over; it runs exactly once, and a panic in it is caught. Never blocks on it.
    ///
    /// One callback thread runs callbacks in the order of posting. Where the runtime was made with
    /// `callbacks_inline`, a worker runs the callback right here, so post outside of every lock; a
    /// thread of the host, or a callback that causes another one, still hands it over, because a
    /// completion inside `submit` or `cancel` would break the contract.
    pub fn post(&self, job: Job) {
        if self.post_in_burst(job) {
            self.wake();
        }
    }

    /// Like `post`, but wakes nobody: true = the caller owes one `wake`, soon. For posting many at
    /// once; a thread that is awake takes them all the same.
    ///
    /// Only the post that finds the queue empty owes. No callback is stranded: later posts find it
    /// not empty until a thread has taken everything, or has taken one and woken the next thread.
    pub fn post_in_burst(&self, job: Job) -> bool {
        if self.shared.inline && threads::is_library_thread() && !IN_CALLBACK.get() {
            self.run(job);
            return false;
        }
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            // Only after the runtime has ended and its threads are gone; late is better than never.
            drop(queue);
            self.run(job);
            return false;
        }
        queue.jobs.push_back(job);
        queue.jobs.len() == 1
    }

    /// Wakes a callback thread.
    pub fn wake(&self) {
        // Under the lock: a thread that has just found the queue empty is asleep by now.
        let _queue = self.shared.queue.lock();
        self.shared.posted.notify_one();
    }

    /// Callbacks that panicked.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    fn run(&self, job: Job) {
        let nested = IN_CALLBACK.replace(true);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
            self.shared.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(target: "lgstore::runtime", "a callback panicked");
            // A payload may panic in its destructor; that must not end the thread either.
            if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
                std::mem::forget(second);
            }
        }
        IN_CALLBACK.set(nested);
    }

    /// Body of a callback thread: runs until the pool is closed and empty.
    ///
    /// `alone` takes everything that waits at once, which is one lock for many callbacks. Several
    /// threads take one each: a callback may wait for another one that would sit behind it.
    pub(super) fn serve(&self, alone: bool) {
        let mut taken = VecDeque::new();
        loop {
            let mut queue = self.shared.queue.lock();
            while queue.jobs.is_empty() {
                if queue.closed {
                    return;
                }
                self.shared.posted.wait(&mut queue);
            }
            if alone {
                std::mem::swap(&mut taken, &mut queue.jobs);
            } else {
                taken.extend(queue.jobs.pop_front());
                if !queue.jobs.is_empty() {
                    // One wake-up is owed for many posts: it is passed on.
                    self.shared.posted.notify_one();
                }
            }
            drop(queue);
            while let Some(job) = taken.pop_front() {
                self.run(job);
            }
        }
    }

    /// Lets the threads end once the queue is empty.
    pub(super) fn close(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.posted.notify_all();
    }
}
