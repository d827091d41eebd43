//! Coarse alarms for requests that nearly all end long before them.
//!
//! The runtime's timers are exact to the millisecond and lie in one structure behind one lock, which every
//! worker takes twice for each request. These ring up to a tick late; setting and clearing one takes a lock that is
//! as good as the worker's own.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::lock::Mutex;

const SHARDS: usize = 8;

thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The alarms of one open cluster.
pub struct Alarms {
    shards: [Mutex<Shard>; SHARDS],
    tick: Duration,
    /// The task that looks at the alarms waits until one is set.
    is_asleep: AtomicBool,
    bell: Notify,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Option<Set>>,
    free: Vec<usize>,
    /// One was set since the last look.
    used: bool,
}

struct Set {
    due: Instant,
    waker: Waker,
}

/// One alarm, which a future waits for beside something else. Dropping it clears it.
pub struct Alarm<'a> {
    alarms: &'a Alarms,
    place: Option<Place>,
}

struct Place {
    shard: usize,
    slot: usize,
    due: Instant,
    waker: Waker,
}

impl Alarms {
    /// Alarms that ring at most `tick` late.
    pub fn new(tick: Duration) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            tick,
            is_asleep: AtomicBool::new(true),
            bell: Notify::new(),
        }
    }

    /// A new one, not set.
    pub fn alarm(&self) -> Alarm<'_> {
        Alarm { alarms: self, place: None }
    }

    /// Rings what is due, for ever: for a task of its own, which is aborted with the cluster.
    ///
    /// It sleeps when no alarm is set and none was since its last look. No alarm is left behind: it says that
    /// it sleeps before it looks once more, and whoever sets one looks whether it sleeps afterwards. Both
    /// are under the shard's lock in between, so one of the two sees the other.
    pub async fn ring(self: Arc<Self>) {
        loop {
            if self.look() {
                self.is_asleep.store(true, Ordering::SeqCst);
                if self.look() {
                    self.bell.notified().await;
                }
                self.is_asleep.store(false, Ordering::SeqCst);
            }
            tokio::time::sleep(self.tick).await;
        }
    }

    /// Rings what is due now; true when nothing is set, nor was since the last look.
    fn look(&self) -> bool {
        let (now, mut due, mut is_quiet) = (Instant::now(), Vec::new(), true);
        for shard in &self.shards {
            let mut shard = shard.lock();
            is_quiet &= !std::mem::take(&mut shard.used) && shard.free.len() == shard.slots.len();
            let late = shard.slots.iter().flatten().filter(|set| set.due <= now);
            due.extend(late.map(|set| set.waker.clone()));
        }
        // Under no lock: a task that is woken may be dropped here, with alarms of its own.
        due.into_iter().for_each(Waker::wake);
        is_quiet
    }

    fn set(&self, due: Instant, waker: &Waker) -> Place {
        let set = Some(Set { due, waker: waker.clone() });
        let shard = own_shard();
        let slot = {
            let mut shard = self.shards[shard].lock();
            shard.used = true;
            match shard.free.pop() {
                Some(slot) => {
                    shard.slots[slot] = set;
                    slot
                }
                None => {
                    shard.slots.push(set);
                    shard.slots.len() - 1
                }
            }
        };
        if self.is_asleep.load(Ordering::SeqCst) && self.is_asleep.swap(false, Ordering::SeqCst) {
            self.bell.notify_one();
        }
        Place { shard, slot, due, waker: waker.clone() }
    }

    fn clear(&self, place: &Place) {
        let mut shard = self.shards[place.shard].lock();
        let set = shard.slots[place.slot].take();
        shard.free.push(place.slot);
        drop(shard);
        // The waker may be the last holder of its task.
        drop(set);
    }
}

/// This thread's.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    SHARD.with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        own.get()
    })
}

impl Alarm<'_> {
    /// Ready when `due` has passed; else whoever polls is woken soon after it.
    pub fn poll(&mut self, due: Instant, context: &Context<'_>) -> Poll<()> {
        if due <= Instant::now() {
            self.clear();
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !self.place.as_ref().is_some_and(|place| place.due == due && place.waker.will_wake(waker)) {
            self.clear();
            self.place = Some(self.alarms.set(due, waker));
        }
        Poll::Pending
    }

    fn clear(&mut self) {
        if let Some(place) = self.place.take() {
            self.alarms.clear(&place);
        }
    }
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const TICK: Duration = Duration::from_millis(2);

    fn runtime(alarms: &Arc<Alarms>) -> tokio::runtime::Runtime {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        runtime.spawn(Arc::clone(alarms).ring());
        runtime
    }

    fn is_empty(alarms: &Alarms) -> bool {
        alarms.shards.iter().all(|shard| shard.lock().slots.iter().all(Option::is_none))
    }

    #[test]
    fn every_alarm_rings_once_its_time_has_come_and_not_before() {
        let alarms = Arc::new(Alarms::new(TICK));
        let runtime = runtime(&alarms);
        // Again and again after a silence, in which the ringing task has gone to sleep.
        for _ in 0..20 {
            let tasks: Vec<_> = (0..50)
                .map(|n| {
                    let alarms = Arc::clone(&alarms);
                    runtime.spawn(async move {
                        let due = Instant::now() + Duration::from_millis(n % 7);
                        let mut alarm = alarms.alarm();
                        poll_fn(|context| alarm.poll(due, context)).await;
                        assert!(Instant::now() >= due);
                    })
                })
                .collect();
            tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
            assert!(is_empty(&alarms));
            while !alarms.is_asleep.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn what_ends_before_its_alarm_leaves_nothing_behind() {
        let alarms = Arc::new(Alarms::new(TICK));
        let runtime = runtime(&alarms);
        let far = Instant::now() + Duration::from_secs(3_600);
        runtime.block_on(async {
            for _ in 0..1_000 {
                let mut alarm = alarms.alarm();
                let polled = poll_fn(|context| Poll::Ready(alarm.poll(far, context))).await;
                assert!(polled.is_pending());
            }
        });
        assert!(is_empty(&alarms));
        let slots: usize = alarms.shards.iter().map(|shard| shard.lock().slots.len()).sum();
        assert_eq!(slots, 1, "places are used again");
    }
}
