//! Write times: what makes the last acknowledged write of a key the one that stays.
//!
//! Cassandra and ScyllaDB keep, of two writes to a cell, the one with the greater write time. Plain writes
//! bring theirs along, in microseconds; a conditional write (LWT) gets the ballot of its Paxos round, which
//! the coordinator takes from its own clock in milliseconds. A ballot can therefore lie behind a plain
//! write of the same millisecond, and the LWT would report `applied` and be lost. Two rules prevent that:
//!
//! - a plain write's time is above every write time known for its key ([`WriteTimes::next`]);
//! - an LWT is sent only when the clock has passed the latest plain write known for its key by a
//!   millisecond and the skew allowed between hosts ([`WriteTimes::ready_in`]).
//!
//! "Known" is a fixed table of slots that keys share by their hash. A slot holds the greatest time of its
//! keys, so that nothing is ever forgotten; two keys in one slot only make a time a little greater, or an
//! LWT wait a little longer, than its own key needs.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::key::KeyHash;

/// Slots of the table: 1 MiB.
const SLOTS: usize = 1 << 16;

/// The greatest time that this process has given to a plain write, over all its stores: two stores may
/// write the same cluster.
static LATEST: AtomicI64 = AtomicI64::new(i64::MIN);

/// The write times that one store knows. Microseconds since 1970.
pub struct WriteTimes {
    slots: Box<[Slot]>,
    /// How far clocks of hosts may be apart.
    skew_us: i64,
}

/// Both in one line of the processor's cache.
#[derive(Default)]
struct Slot {
    /// The greatest of our own plain writes, deletes included.
    plain: AtomicI64,
    /// The greatest that came from elsewhere: ballots of our LWTs (an upper bound) and times seen in rows.
    seen: AtomicI64,
}

impl WriteTimes {
    /// Nothing known yet.
    pub fn new(skew: Duration) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            skew_us: i64::try_from(skew.as_micros()).unwrap_or(i64::MAX / 4),
        }
    }

    /// The time of a plain write to the key, at `now`. Concurrent writes to one key get different times.
    pub fn next(&self, key: KeyHash, now: i64) -> i64 {
        let slot = self.slot(key);
        let known = slot.plain.load(Ordering::Acquire).max(slot.seen.load(Ordering::Acquire));
        let wanted = now.max(known.saturating_add(1));
        let before = LATEST.fetch_update(Ordering::AcqRel, Ordering::Acquire, |latest| {
            // A row of a client with a wrong clock must not drag all other keys into its future.
            Some(if wanted > now { latest.max(now) } else { latest.saturating_add(1).max(now) })
        });
        let time = match before {
            Ok(latest) if wanted <= now => latest.saturating_add(1).max(now),
            _ => wanted,
        };
        // Two writers that read the same `known` must not share a time: whoever finds its time taken goes up.
        let mut time = time;
        while let Err(taken) = slot
            .plain
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |latest| (time > latest).then_some(time))
        {
            time = taken.saturating_add(1);
        }
        time
    }

    /// Notes a time found in a row, or an upper bound of an LWT's ballot.
    pub fn note(&self, key: KeyHash, time: i64) {
        self.slot(key).seen.fetch_max(time, Ordering::AcqRel);
    }

    /// Notes that an LWT on the key was answered at `now`: its ballot lies at most the skew behind that.
    pub fn note_ballot(&self, key: KeyHash, now: i64) {
        self.note(key, now.saturating_add(self.skew_us));
    }

    /// How far clocks of hosts may be apart.
    pub fn skew(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.skew_us).unwrap_or(0))
    }

    /// How long to wait before an LWT on the key may be sent; `row_time` is the write time of the row that
    /// its condition was read from, 0 = none.
    pub fn ready_in(&self, key: KeyHash, row_time: i64, now: i64) -> Duration {
        let known = self.slot(key).plain.load(Ordering::Acquire).max(row_time);
        let ready = known.saturating_add(1_000).saturating_add(self.skew_us);
        // Zero at the first microsecond after `ready`.
        Duration::from_micros(u64::try_from(ready.saturating_sub(now).saturating_add(1)).unwrap_or(0))
    }

    fn slot(&self, key: KeyHash) -> &Slot {
        &self.slots[key.slot(SLOTS)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyHasher;
    use super::*;
    use crate::store::address::Address;

    fn times() -> WriteTimes {
        WriteTimes::new(Duration::from_millis(5))
    }

    /// Keys of a store.
    fn keys<const N: usize>() -> [KeyHash; N] {
        let hasher = KeyHasher::default();
        std::array::from_fn(|n| hasher.hash(&Address::new("a", &n.to_string())))
    }

    #[test]
    fn times_of_one_key_grow_also_when_the_clock_stands() {
        let (times, [key]) = (times(), keys());
        let first = times.next(key, 1_000);
        let second = times.next(key, 1_000);
        assert!(first >= 1_000 && second > first);
        times.note(key, second + 7_000_000);
        assert_eq!(times.next(key, 1_000), second + 7_000_001);
    }

    #[test]
    fn a_wrong_clock_in_one_row_moves_no_other_key() {
        // Later than in any other test: what is written last counts for the whole process, and they run beside this.
        let (times, now) = (times(), 5_000_000_000_000_000);
        let [ahead, other] = keys();
        times.note(ahead, now + 3_600_000_000);
        assert!(times.next(ahead, now) > now + 3_600_000_000);
        assert!(times.next(other, now) < now + 1_000_000);
    }

    #[test]
    fn an_lwt_waits_for_plain_writes_and_rows_only() {
        let (times, [key, other]) = (times(), keys());
        assert_eq!(times.ready_in(key, 0, 10_000_000), Duration::ZERO);
        let written = times.next(key, 3_000_000_000_000_000);
        let wait = times.ready_in(key, 0, written);
        assert_eq!(wait, Duration::from_micros(6_001));
        assert_eq!(times.ready_in(key, 0, written + 6_001), Duration::ZERO);
        assert_eq!(times.ready_in(key, written + 9, written), Duration::from_micros(6_010));
        times.note_ballot(other, written);
        assert_eq!(times.ready_in(other, 0, written), Duration::ZERO, "ballots are ordered by Paxos itself");
        assert!(times.next(other, written) > written + 5_000);
    }
}
