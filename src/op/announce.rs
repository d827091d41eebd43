//! Closes in the background whose callback has not returned yet: a close that waits, waits for them, too.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Those of one store.
#[derive(Debug, Default)]
pub struct Announcements {
    open: Mutex<u64>,
    none: Condvar,
}

/// One of them; ends when it is dropped.
#[derive(Debug)]
pub struct Announcement(Arc<Announcements>);

impl Announcements {
    /// One more.
    pub fn begin(self: &Arc<Self>) -> Announcement {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Announcement(Arc::clone(self))
    }

    /// Sleeps until there is none, at most so long. True when there is none.
    pub fn wait(&self, patience: Duration) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.none.wait_timeout_while(open, patience, |open| *open > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open -= 1;
        if *open == 0 {
            self.0.none.notify_all();
        }
    }
}
