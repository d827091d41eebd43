//! Wake-ups of a burst: a lane that completes many requests in a row wakes each reader once, at its end.
//!
//! Without this the first completion of a burst wakes the reader, which drains one, submits one, and so
//! both sides pay a wake-up per request.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Poll;

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

/// Wake-ups that are owed; whoever drops them pays them.
struct Debts(Vec<Owed>);

impl Drop for Debts {
    fn drop(&mut self) {
        self.0.drain(..).for_each(pay);
    }
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
        let owed = Debts(self.take());
        if !owed.0.is_empty() {
            runtime.spawn(async move { drop(owed) });
        }
    }

    /// Ends the burst of a task of the runtime when what is ready on its worker now has had its turn: answers that
    /// came together are completed by tasks of their own, one after the other, and their reader is woken once.
    pub fn end_after_others(self) {
        let owed = Debts(self.take());
        if !owed.0.is_empty() {
            tokio::spawn(async move {
                behind_the_others().await;
                drop(owed);
            });
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

/// A task that wakes itself while it runs goes to the end of its worker's queue. (`yield_now` waits longer: until
/// the worker has asked the operating system for news.)
async fn behind_the_others() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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

#[cfg(all(test, not(lgstore_loom)))]
mod tests {
    use std::sync::{Mutex, Weak};
    use std::time::{Duration, Instant};

    use super::super::completion::Sink;
    use super::super::desk::Observer;
    use super::super::queue::Doorbell;
    use super::super::ticket::Admission;
    use super::*;
    use crate::error::Code;
    use crate::store::operation::Kind;
    use crate::telemetry::batches::Shape;

    struct Deaf;

    impl Observer for Deaf {
        fn observe(&self, _: Kind, _: Option<Shape>, _: Option<Code>, _: Duration) {}
    }

    /// A reader that takes everything when it is woken, and notes how much that was.
    struct Reader(Weak<CompletionQueue>, Arc<Mutex<Vec<usize>>>);

    impl Doorbell for Reader {
        fn ring(&self) {
            let mut count = 0;
            self.0.upgrade().unwrap().drain(usize::MAX, &mut |_| count += 1);
            self.1.lock().unwrap().push(count);
        }
    }

    #[test]
    fn what_tasks_complete_in_a_row_wakes_the_reader_once() {
        let desk = Arc::new(super::super::desk::Desk::new(16, 1_024, Arc::new(Deaf)));
        let (queue, taken) = (Arc::new(CompletionQueue::new(16)), Arc::default());
        queue.set_doorbell(Some(Arc::new(Reader(Arc::downgrade(&queue), Arc::clone(&taken)))));
        let answers = |queue: Arc<CompletionQueue>| async move {
            for tag in 0..8 {
                assert!(queue.reserve());
                let (sink, started) = (Sink::Queue(Arc::clone(&queue)), Instant::now());
                let (kind, batch, deadline) = (Kind::Get, None, None);
                let admission =
                    Admission { tag, kind, batch, writes: false, bytes: 0, started, deadline, sink };
                let ticket = desk.admit(admission).unwrap();
                tokio::spawn(async move {
                    let burst = Burst::begin();
                    ticket.complete(Ok(String::new()));
                    burst.end_after_others();
                });
            }
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        // From one task of the worker, so that all eight are ready when the first of them runs.
        runtime.block_on(runtime.spawn(answers(Arc::clone(&queue)))).unwrap();
        while taken.lock().unwrap().iter().sum::<usize>() < 8 {
            std::thread::yield_now();
        }
        assert_eq!(*taken.lock().unwrap(), [8]);
    }
}
