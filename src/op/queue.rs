//! The completion queue: outcomes in, a doorbell on the edge from empty to not empty, outcomes out in bursts.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::burst;
use super::completion::{Completion, Duty};
use super::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock, thread_local, wait};

thread_local! {
    /// The queue whose doorbell runs on this thread.
    // The model checker's macro takes no `const` block.
    #[allow(clippy::missing_const_for_thread_local)]
    static RINGING: Cell<*const CompletionQueue> = Cell::new(std::ptr::null());
}

/// Something that wakes the reader: a user's function.
pub trait Doorbell: Send + Sync {
    /// Called at most once per edge, one call at a time and under no lock; must not block.
    fn ring(&self);
}

/// A waiting aid that the operating system can poll; set while the queue is not empty.
pub trait Signal: Send + Sync {
    /// Makes the descriptor readable.
    fn set(&self);
    /// Makes it unreadable again.
    fn clear(&self);
    /// What to poll.
    fn descriptor(&self) -> i32;
}

/// Outcomes waiting for their reader.
///
/// Everything that decides about waking (the entries, `armed`, `signalled`, `closed`) sits under one
/// mutex. A push that finds the bell armed disarms it and owes a ring (now, or at the end of its lane's
/// burst); a drain that empties the queue arms it again before it lets go of the lock. So a push
/// either is seen by that drain or finds the bell armed: no wake-up is lost, and there is one per burst.
pub struct CompletionQueue {
    inner: Mutex<Inner>,
    bell: Mutex<Bell>,
    /// A ring returned.
    rung: Condvar,
    filled: Condvar,
    reserved: AtomicUsize,
    capacity: usize,
    signal: OnceLock<Box<dyn Signal>>,
    /// The room of the last burst, for the next one.
    spare: crate::lock::Mutex<VecDeque<Completion>>,
}

/// The doorbell runs outside this lock, so that it may call the queue's functions.
#[derive(Default)]
struct Bell {
    doorbell: Option<Arc<dyn Doorbell>>,
    running: bool,
    /// Another edge came while it ran: whoever runs it runs it once more.
    again: bool,
    /// Counts the calls that have returned.
    calls: u64,
}

struct Inner {
    entries: VecDeque<Completion>,
    armed: bool,
    signalled: bool,
    /// Calls of `wake` that no `wait` has answered yet.
    wakes: usize,
    freed: bool,
}

impl CompletionQueue {
    /// A queue for at most `capacity` requests in flight.
    pub fn new(capacity: usize) -> Self {
        let inner = Inner {
            entries: VecDeque::with_capacity(capacity.min(1_024)),
            armed: true,
            signalled: false,
            wakes: 0,
            freed: false,
        };
        Self {
            inner: Mutex::new(inner),
            bell: Mutex::new(Bell::default()),
            rung: Condvar::new(),
            filled: Condvar::new(),
            reserved: AtomicUsize::new(0),
            capacity,
            signal: OnceLock::new(),
            spare: crate::lock::Mutex::default(),
        }
    }

    /// The signal's descriptor, made at the first call; -1 when it can't be had.
    pub fn descriptor(&self, make: impl FnOnce() -> Option<Box<dyn Signal>>) -> i32 {
        let inner = lock(&self.inner);
        if self.signal.get().is_none() {
            let Some(signal) = make() else { return -1 };
            if inner.signalled {
                signal.set();
            }
            // Nobody else sets it: this happens under the queue's lock.
            let _ = self.signal.set(signal);
        }
        self.signal.get().map_or(-1, |signal| signal.descriptor())
    }

    /// Reserves a place for one completion; false when as many are on their way as the queue holds.
    pub fn reserve(&self) -> bool {
        let taken = self.reserved.fetch_add(1, Ordering::AcqRel);
        if taken < self.capacity {
            return true;
        }
        self.unreserve(1);
        false
    }

    /// Gives places back: the requests were refused after all, or their completions were drained.
    pub fn unreserve(&self, count: usize) {
        self.reserved.fetch_sub(count, Ordering::AcqRel);
    }

    /// Appends an outcome, for which a place is reserved, and wakes the reader on the edge: at once,
    /// or at the end of this thread's burst.
    pub fn push(self: &Arc<Self>, completion: Completion) {
        if let Some(duty) = self.append(completion)
            && let Some(duty) = burst::hold_back(self, duty)
        {
            self.alert();
            drop(duty);
        }
    }

    /// Appends an outcome. When the bell was armed the caller owes one `alert`, and keeps the duty
    /// until it has paid: close waits for that, so that after it the descriptor tells the truth.
    pub fn append(&self, completion: Completion) -> Option<Duty> {
        let mut inner = lock(&self.inner);
        if inner.freed {
            drop(inner);
            self.unreserve(1);
            return None;
        }
        inner.entries.push_back(completion);
        let edge = std::mem::take(&mut inner.armed);
        // Settled under the lock, before a reader can take it: when close returns, every completion
        // sits in its queue. It takes only the gate's own lock and runs no user code.
        let last = inner.entries.back_mut()?;
        if edge {
            return Some(last.defer());
        }
        last.settle();
        None
    }

    /// Wakes the reader, if there still is something: a drain between `append` and this may have
    /// emptied the queue, and has armed the bell again for the next.
    pub fn alert(&self) {
        {
            let mut inner = lock(&self.inner);
            if inner.entries.is_empty() {
                return;
            }
            self.raise(&mut inner);
        }
        // Not under the lock, or the reader would wake up only to wait for it.
        self.filled.notify_one();
        self.ring();
    }

    /// Hands up to `max` outcomes to `out`, oldest first.
    pub fn drain(&self, max: usize, out: &mut dyn FnMut(Completion)) {
        let mut inner = lock(&self.inner);
        let taken = self.take(&mut inner, max);
        drop(inner);
        self.hand_over(taken, out);
    }

    /// To the reader outside of the lock, which those who complete requests wait for.
    fn hand_over(&self, mut taken: VecDeque<Completion>, out: &mut dyn FnMut(Completion)) {
        taken.drain(..).for_each(out);
        *self.spare.lock() = taken;
    }

    fn take(&self, inner: &mut Inner, max: usize) -> VecDeque<Completion> {
        let mut taken = std::mem::take(&mut *self.spare.lock());
        let count = max.min(inner.entries.len());
        if count == inner.entries.len() {
            std::mem::swap(&mut taken, &mut inner.entries);
        } else {
            taken.extend(inner.entries.drain(..count));
        }
        self.unreserve(count);
        if inner.entries.is_empty() {
            // Both under the lock: a push after this finds the bell armed and the signal clear.
            inner.armed = true;
            if std::mem::take(&mut inner.signalled)
                && let Some(signal) = self.signal.get()
            {
                signal.clear();
            }
        }
        taken
    }

    /// Like `drain`, but waits for the first outcome, a `wake`, or the time.
    pub fn wait(&self, max: usize, timeout: Option<Duration>, out: &mut dyn FnMut(Completion)) {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut inner = lock(&self.inner);
        while inner.entries.is_empty() && inner.wakes == 0 && !inner.freed {
            inner = match until {
                None => wait(&self.filled, inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left == Duration::ZERO {
                        break;
                    }
                    let waited = self.filled.wait_timeout(inner, left);
                    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
                }
            };
        }
        // A wait that has something to give leaves a wake to the next one: each makes one return empty.
        if inner.entries.is_empty() {
            inner.wakes = inner.wakes.saturating_sub(1);
        }
        let taken = self.take(&mut inner, max);
        let leaves_some = !inner.entries.is_empty();
        drop(inner);
        // One notify per edge wakes one waiter; it passes the word on when it leaves something.
        if leaves_some {
            self.filled.notify_one();
        }
        self.hand_over(taken, out);
    }

    /// Makes one `wait` return empty-handed and the descriptor readable: one for each call, so that
    /// whoever ends several readers wakes as many times.
    pub fn wake(&self) {
        {
            let mut inner = lock(&self.inner);
            inner.wakes += 1;
            self.raise(&mut inner);
        }
        self.filled.notify_one();
        self.ring();
    }

    fn raise(&self, inner: &mut Inner) {
        if !std::mem::replace(&mut inner.signalled, true)
            && let Some(signal) = self.signal.get()
        {
            signal.set();
        }
    }

    fn ring(&self) {
        if self.is_in_doorbell() {
            return;
        }
        let mut bell = lock(&self.bell);
        if bell.running {
            bell.again = true;
            return;
        }
        while let Some(doorbell) = bell.doorbell.clone() {
            (bell.running, bell.again) = (true, false);
            drop(bell);
            let outer = RINGING.with(|ringing| ringing.replace(self));
            doorbell.ring();
            RINGING.with(|ringing| ringing.set(outer));
            // Perhaps the last reference: what it owns goes outside the lock, before `replace` returns.
            drop(doorbell);
            bell = lock(&self.bell);
            bell.running = false;
            bell.calls += 1;
            self.rung.notify_all();
            if !bell.again {
                break;
            }
        }
    }

    /// A doorbell that wakes its own queue is not rung for that again, and nobody waits for a ring from
    /// inside it.
    fn is_in_doorbell(&self) -> bool {
        RINGING.with(|ringing| std::ptr::eq(ringing.get(), self))
    }

    /// Swaps the doorbell; waits until a running call of the old one has returned.
    fn replace(&self, doorbell: Option<Arc<dyn Doorbell>>) {
        let mut bell = lock(&self.bell);
        let before = std::mem::replace(&mut bell.doorbell, doorbell);
        if !self.is_in_doorbell() {
            let calls = bell.calls;
            while bell.running && bell.calls == calls {
                bell = wait(&self.rung, bell);
            }
        }
        drop(bell);
        drop(before);
    }

    /// Replaces the doorbell, waiting for a running ring of the old one. Rings at once when
    /// something is waiting already, since that edge is past.
    pub fn set_doorbell(&self, doorbell: Option<Arc<dyn Doorbell>>) {
        self.replace(doorbell);
        let waiting = !lock(&self.inner).entries.is_empty();
        if waiting {
            self.ring();
        }
    }

    /// The reader has gone: what waits and what comes later is thrown away, slots are given back.
    pub fn free(&self) {
        self.replace(None);
        let dropped = {
            let mut inner = lock(&self.inner);
            inner.freed = true;
            self.filled.notify_all();
            std::mem::take(&mut inner.entries)
        };
        self.unreserve(dropped.len());
    }
}
