//! Wake-ups of a burst: a lane that completes many requests in a row wakes each reader once, at its end.
//!
//! Without this the first completion of a burst wakes the reader, which drains one, submits one, and so
//! both sides pay a wake-up per request.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::queue::CompletionQueue;

thread_local! {
    static HELD: RefCell<Held> = const { RefCell::new(Held { active: false, queues: Vec::new() }) };
}

/// What a thread owes at the end of its burst.
struct Held {
    active: bool,
    queues: Vec<Arc<CompletionQueue>>,
}

/// While it lives, wake-ups that this thread owes to readers are held back; dropping it pays them.
#[derive(Debug)]
pub struct Burst(());

impl Burst {
    /// Begins a burst on this thread. Bursts do not nest.
    pub fn begin() -> Self {
        HELD.with_borrow_mut(|held| held.active = true);
        Self(())
    }
}

impl Burst {
    /// Ends the burst of a host's thread: readers are woken by the runtime, because a doorbell never
    /// rings on a thread of the host.
    pub fn end_on(self, runtime: &Handle) {
        let queues = self.take();
        if !queues.is_empty() {
            runtime.spawn(async move { queues.into_iter().for_each(|queue| queue.alert()) });
        }
    }

    /// Taken out before anyone is woken: a doorbell may complete something on this thread.
    fn take(&self) -> Vec<Arc<CompletionQueue>> {
        HELD.with_borrow_mut(|held| {
            held.active = false;
            std::mem::take(&mut held.queues)
        })
    }
}

impl Drop for Burst {
    fn drop(&mut self) {
        let mut queues = self.take();
        queues.drain(..).for_each(|queue| queue.alert());
        // Given back for its room.
        HELD.with_borrow_mut(|held| {
            if held.queues.is_empty() {
                held.queues = queues;
            }
        });
    }
}

/// Holds back the alert of `queue`, if this thread is in a burst.
pub(super) fn hold_back(queue: &Arc<CompletionQueue>) -> bool {
    HELD.with_borrow_mut(|held| {
        if held.active {
            held.queues.push(Arc::clone(queue));
        }
        held.active
    })
}
