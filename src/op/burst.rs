//! Wake-ups of a burst: a lane that completes many requests in a row wakes each reader once, at its end.
//!
//! Without this the first completion of a burst wakes the reader, which drains one, submits one, and so
//! both sides pay a wake-up per request.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::completion::Duty;
use super::queue::CompletionQueue;
use crate::runtime::{CallbackPool, Job};

thread_local! {
    static HELD: RefCell<Held> = const { RefCell::new(Held { active: false, owed: Vec::new() }) };
}

/// What a thread owes at the end of its burst.
struct Held {
    active: bool,
    owed: Vec<Owed>,
}

enum Owed {
    Alert(Arc<CompletionQueue>, Duty),
    Wake(CallbackPool),
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
        let owed = self.take();
        if !owed.is_empty() {
            runtime.spawn(async move { owed.into_iter().for_each(pay) });
        }
    }

    /// Taken out before anyone is woken: a doorbell may complete something on this thread.
    fn take(&self) -> Vec<Owed> {
        HELD.with_borrow_mut(|held| {
            held.active = false;
            std::mem::take(&mut held.owed)
        })
    }
}

impl Drop for Burst {
    fn drop(&mut self) {
        let mut owed = self.take();
        owed.drain(..).for_each(pay);
        // Given back for its room.
        HELD.with_borrow_mut(|held| {
            if held.owed.is_empty() {
                held.owed = owed;
            }
        });
    }
}

fn pay(owed: Owed) {
    match owed {
        Owed::Alert(queue, duty) => {
            queue.alert();
            drop(duty);
        }
        Owed::Wake(pool) => pool.wake(),
    }
}

/// Keeps the alert that is owed to `queue` for the end of this thread's burst; gives the duty back when
/// there is none.
pub(super) fn hold_back(queue: &Arc<CompletionQueue>, duty: Duty) -> Option<Duty> {
    HELD.with_borrow_mut(|held| {
        if held.active {
            held.owed.push(Owed::Alert(Arc::clone(queue), duty));
            return None;
        }
        Some(duty)
    })
}

/// Hands a callback over; its thread is woken now, or at the end of this thread's burst.
pub fn post(pool: &CallbackPool, job: Job) {
    if !pool.post_in_burst(job) {
        return;
    }
    let held = HELD.with_borrow_mut(|held| {
        if held.active {
            held.owed.push(Owed::Wake(pool.clone()));
        }
        held.active
    });
    if !held {
        pool.wake();
    }
}
