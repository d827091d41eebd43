//! Lets requests in while the store is open, and lets close wait until all that came in have gone.

use std::time::{Duration, Instant};

use super::sync::{AtomicU64, Condvar, Mutex, Ordering, lock};

const CLOSING: u64 = 1 << 63;

/// A counter of requests whose outcome is not delivered yet, and a flag that no more may enter.
///
/// Both live in one word, so that "closing was set" and "one more entered" have one order: a request
/// that entered before the flag is counted and waited for; one that enters after it sees the flag
/// and turns round. There is no moment in which close misses a request.
#[derive(Debug)]
pub struct Gate {
    word: AtomicU64,
    // Guards nothing but the sleep: a waiter checks `word` under it, the last one out notifies under it.
    sleep: Mutex<()>,
    empty: Condvar,
}

impl Default for Gate {
    fn default() -> Self {
        Self { word: AtomicU64::new(0), sleep: Mutex::new(()), empty: Condvar::new() }
    }
}

impl Gate {
    /// Counts one request in; false when closing.
    pub fn enter(&self) -> bool {
        let before = self.word.fetch_add(1, Ordering::AcqRel);
        if before & CLOSING == 0 {
            return true;
        }
        self.leave();
        false
    }

    /// Counts one request out; its outcome has been delivered.
    pub fn leave(&self) {
        // Release: what the callback did happens before what runs after close.
        let before = self.word.fetch_sub(1, Ordering::AcqRel);
        if before == CLOSING | 1 {
            // The lock closes the gap between a waiter's check and its sleep: either it sees 0, or
            // it sleeps before this notify.
            let _guard = lock(&self.sleep);
            self.empty.notify_all();
        }
    }

    /// Lets nobody in any more; true for the first caller.
    pub fn close(&self) -> bool {
        self.word.fetch_or(CLOSING, Ordering::AcqRel) & CLOSING == 0
    }

    /// Whether `close` was called.
    pub fn is_closing(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSING != 0
    }

    /// Requests inside.
    pub fn inside(&self) -> u64 {
        self.word.load(Ordering::Acquire) & !CLOSING
    }

    /// After `close`: sleeps until nobody is inside, at most until `until`. True when empty.
    pub fn wait_empty(&self, until: Option<Instant>) -> bool {
        let mut guard = lock(&self.sleep);
        while self.inside() > 0 {
            guard = match until {
                None => super::sync::wait(&self.empty, guard),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left == Duration::ZERO {
                        return false;
                    }
                    let waited = self.empty.wait_timeout(guard, left);
                    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
                }
            };
        }
        true
    }
}
