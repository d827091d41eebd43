//! The requests in flight of one store: their slots, their ids, the limits on number and bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::sync::{AtomicU64, AtomicUsize, Mutex, Ordering, lock};
use super::ticket::{Admission, Ticket};
use crate::error::{Code, Error, Result};
use crate::store::operation::Kind;
use crate::telemetry::batches::Shape;

/// Bits of an operation id that hold its slot; the rest is a sequence number, so that ids grow,
/// are never reused (2^46 of them: two years at a million a second) and lead straight to their slot.
pub const SLOT_BITS: u32 = 18;

/// Hears of every outcome.
pub trait Observer: Send + Sync {
    /// One outcome: its operation, its error's code, the time from submit to delivery.
    fn observe(&self, kind: Kind, batch: Option<Shape>, code: Option<Code>, latency: Duration);
}

/// The in-flight desk.
pub struct Desk {
    gate: Gate,
    slots: Box<[Slot]>,
    free: FreeSlots,
    bytes: AtomicUsize,
    bytes_limit: usize,
    sequence: AtomicU64,
    base: Instant,
    observer: Arc<dyn Observer>,
}

struct Slot {
    ticket: Mutex<Option<Arc<Ticket>>>,
    /// Microseconds after `base`; `u64::MAX` = none.
    deadline: AtomicU64,
}

impl Desk {
    /// A desk for at most `slots` (up to 2^18) requests with `bytes_limit` bytes of bodies together.
    pub fn new(slots: usize, bytes_limit: usize, observer: Arc<dyn Observer>) -> Self {
        let slots = slots.clamp(1, 1 << SLOT_BITS);
        let empty = |_| Slot { ticket: Mutex::new(None), deadline: AtomicU64::new(u64::MAX) };
        Self {
            gate: Gate::default(),
            slots: (0..slots).map(empty).collect(),
            free: FreeSlots::new(slots),
            bytes: AtomicUsize::new(0),
            bytes_limit,
            sequence: AtomicU64::new(1),
            base: Instant::now(),
            observer,
        }
    }

    /// Who is in, and whether more may come.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Places at the desk.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Accepts a request: a slot and an id, or `Closed`, or `Busy` with nothing taken.
    pub fn admit(self: &Arc<Self>, admission: Admission) -> Result<Arc<Ticket>> {
        if !self.gate.enter() {
            return Err(Error::new(Code::Closed, "the store is closed"));
        }
        let Some(slot) = self.take_place(admission.bytes) else {
            self.gate.leave();
            let text = "too many requests or bytes in flight; wait for completions, then send it again";
            return Err(Error::new(Code::Busy, text));
        };
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let id = sequence << SLOT_BITS | u64::from(slot);
        let place = &self.slots[slot as usize];
        if let Some(at) = admission.deadline {
            place.deadline.store(self.tick(at), Ordering::Relaxed);
        }
        let ticket = Arc::new(Ticket::new(id, admission, Arc::clone(self)));
        *lock(&place.ticket) = Some(Arc::clone(&ticket));
        Ok(ticket)
    }

    fn take_place(&self, bytes: usize) -> Option<u32> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // A single body above the limit may still go alone; it could never be sent otherwise.
        if before > 0 && before.saturating_add(bytes) > self.bytes_limit {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return None;
        }
        let slot = self.free.take();
        if slot.is_none() {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        slot
    }

    /// The request with this id, if its outcome is not delivered yet.
    pub fn find(&self, id: u64) -> Option<Arc<Ticket>> {
        let slot = self.slots.get(slot_of(id))?;
        lock(&slot.ticket).as_ref().filter(|ticket| ticket.id() == id).cloned()
    }

    /// Ends look-ups of a request whose outcome is being delivered.
    pub(super) fn forget(&self, id: u64) -> Option<Arc<Ticket>> {
        let slot = &self.slots[slot_of(id)];
        slot.deadline.store(u64::MAX, Ordering::Relaxed);
        let mut place = lock(&slot.ticket);
        // The slot is not free before its completion is dropped, so it still holds this request.
        if place.as_ref().is_some_and(|ticket| ticket.id() == id) { place.take() } else { None }
    }

    /// Gives the slot back; its completion is gone.
    pub(super) fn release(&self, ticket: &Ticket) {
        self.bytes.fetch_sub(ticket.bytes(), Ordering::Relaxed);
        self.free.give(slot_of(ticket.id()) as u32);
    }

    pub(super) fn observe(&self, kind: Kind, batch: Option<Shape>, code: Option<Code>, latency: Duration) {
        self.observer.observe(kind, batch, code, latency);
    }

    /// Every request whose outcome is not delivered yet.
    pub fn all(&self) -> Vec<Arc<Ticket>> {
        self.slots.iter().filter_map(|slot| lock(&slot.ticket).clone()).collect()
    }

    /// The requests that have expired at `now`, and the time of the next that will.
    pub fn due(&self, now: Instant) -> (Vec<Arc<Ticket>>, Option<Instant>) {
        // Rounded down where deadlines are rounded up: one whose tick has come has passed by its own
        // clock. (Both rounded up, one within the same microsecond was neither due nor next.)
        let passed = now.saturating_duration_since(self.base).as_micros();
        let tick = u64::try_from(passed).unwrap_or(u64::MAX - 1);
        let mut due = Vec::new();
        let mut next = u64::MAX;
        for slot in &self.slots {
            let at = slot.deadline.load(Ordering::Relaxed);
            if at > tick {
                next = next.min(at);
            } else {
                // The slot may have moved on to another request meanwhile: its own deadline decides.
                let ticket = lock(&slot.ticket).clone();
                due.extend(ticket.filter(|ticket| ticket.deadline().is_some_and(|at| at <= now)));
            }
        }
        (due, (next < u64::MAX).then(|| self.base + Duration::from_micros(next)))
    }

    /// Rounds up, so that a request is due by its tick only when it is due by its own clock.
    fn tick(&self, at: Instant) -> u64 {
        let nanos = at.saturating_duration_since(self.base).as_nanos();
        u64::try_from(nanos.div_ceil(1_000)).unwrap_or(u64::MAX - 1)
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("gate", &self.gate).finish_non_exhaustive()
    }
}

fn slot_of(id: u64) -> usize {
    (id & ((1 << SLOT_BITS) - 1)) as usize
}

/// The numbers of free slots.
#[cfg(not(lgstore_loom))]
struct FreeSlots(crossbeam_queue::ArrayQueue<u32>);

#[cfg(not(lgstore_loom))]
impl FreeSlots {
    fn new(count: usize) -> Self {
        let queue = crossbeam_queue::ArrayQueue::new(count);
        for slot in 0..count as u32 {
            queue.force_push(slot);
        }
        Self(queue)
    }

    fn take(&self) -> Option<u32> {
        self.0.pop()
    }

    fn give(&self, slot: u32) {
        let full = self.0.push(slot).is_err();
        debug_assert!(!full, "a slot was given back twice");
    }
}

/// The same for the model checker, which cannot look inside crossbeam's queue.
#[cfg(lgstore_loom)]
struct FreeSlots(Mutex<Vec<u32>>);

#[cfg(lgstore_loom)]
impl FreeSlots {
    fn new(count: usize) -> Self {
        Self(Mutex::new((0..count as u32).collect()))
    }

    fn take(&self) -> Option<u32> {
        lock(&self.0).pop()
    }

    fn give(&self, slot: u32) {
        let mut free = lock(&self.0);
        assert!(!free.contains(&slot), "a slot was given back twice");
        free.push(slot);
    }
}
