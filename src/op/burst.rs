//! Wake-ups of a burst: a lane that completes many requests in a row wakes each reader once, at its end.
//!
//! Without this the first completion of a burst wakes the reader, which drains one, submits one, and so
//! both sides pay a wake-up per request.

use std::cell::RefCell;
use std::sync::Arc;

use super::queue::CompletionQueue;

thread_local! {
    static HELD: RefCell<Option<Vec<Arc<CompletionQueue>>>> = const { RefCell::new(None) };
}

/// While it lives, wake-ups that this thread owes to readers are held back; dropping it pays them.
#[derive(Debug)]
pub struct Burst(());

impl Burst {
    /// Begins a burst on this thread. Bursts do not nest.
    pub fn begin() -> Self {
        HELD.with_borrow_mut(|held| {
            held.get_or_insert_default();
        });
        Self(())
    }
}

impl Drop for Burst {
    fn drop(&mut self) {
        // Taken out first: a doorbell may complete something on this thread.
        let held = HELD.with_borrow_mut(Option::take).unwrap_or_default();
        for queue in held {
            queue.alert();
        }
    }
}

/// Holds back the alert of `queue`, if this thread is in a burst.
pub(super) fn hold_back(queue: &Arc<CompletionQueue>) -> bool {
    HELD.with_borrow_mut(|held| match held {
        Some(held) => {
            held.push(Arc::clone(queue));
            true
        }
        None => false,
    })
}
