//! Conditional writes that the cluster may still carry out again.
//!
//! Paxos is decided per partition. Whoever begins a round and finds a proposal that was accepted, and whose
//! commit it has not seen, finishes it first, under its own, later ballot; on Apache Cassandra the cells get
//! that ballot's time. So while others work on the partition, an LWT can be finished a second time by a
//! round that met it half done, and that one's by a third, each a little later, although the LWT was
//! acknowledged long before. (An LWT of unknown outcome can be finished hours later.) A plain write that
//! came in between has the smaller time, and is lost [seen: one of a thousand on a busy machine].
//!
//! A SERIAL read ends that. It finishes what it finds, and returns only after a quorum has promised a ballot
//! of its own and shown nothing half done: rounds below that ballot are refused from then on, rounds above
//! it find nothing. So the first plain write to a key after an LWT of ours on that key reads at SERIAL
//! ([`Cluster::settle`]), takes a time above every ballot until then, and cannot be overtaken. Keys that
//! see only plain writes, or only LWTs, never pay for it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;

use super::batch::failures;
use super::cluster::{Call, Cluster};
use super::error;
use super::row::prefix_of;
use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::store::address::Address;

const SHARDS: usize = 16;
/// Keys remembered, about 8 MB. Beyond that an LWT is settled before it is acknowledged.
const MOST: usize = 1 << 18;

/// The keys whose last LWT is not settled.
pub struct Unsettled {
    hasher: RandomState,
    /// By the key's hash, the number of its last LWT. Two keys of one 64-bit hash: once in 10^9 full tables.
    shards: [Mutex<HashMap<u64, u64>>; SHARDS],
    len: AtomicUsize,
    lwts: AtomicU64,
}

/// An LWT as it was known when somebody asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    key: u64,
    lwt: u64,
}

impl Unsettled {
    /// No key.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            len: AtomicUsize::new(0),
            lwts: AtomicU64::new(0),
        }
    }

    /// Notes an LWT on the key.
    pub fn note(&self, address: &Address) {
        let key = self.hasher.hash_one(address);
        let lwt = self.lwts.fetch_add(1, Ordering::Relaxed);
        if self.shard(key).lock().insert(key, lwt).is_none() {
            self.len.fetch_add(1, Ordering::Release);
        }
    }

    /// The key's LWT, if it is not settled.
    pub fn get(&self, address: &Address) -> Option<Mark> {
        // Sees every LWT that was answered before the caller asked: whoever has the answer has the count.
        if self.len.load(Ordering::Acquire) == 0 {
            return None;
        }
        let key = self.hasher.hash_one(address);
        let lwt = *self.shard(key).lock().get(&key)?;
        Some(Mark { key, lwt })
    }

    /// The LWT is settled; one that came after the mark is not.
    pub fn settled(&self, mark: Mark) {
        let mut keys = self.shard(mark.key).lock();
        if keys.get(&mark.key) == Some(&mark.lwt) {
            keys.remove(&mark.key);
            self.len.fetch_sub(1, Ordering::Release);
        }
    }

    /// Whether there is no room for another key.
    pub fn is_full(&self) -> bool {
        self.len.load(Ordering::Relaxed) >= MOST
    }

    fn shard(&self, key: u64) -> &Mutex<HashMap<u64, u64>> {
        &self.shards[key as usize % SHARDS]
    }
}

impl Cluster {
    /// Before a plain write to the key, and before its time is chosen.
    pub(super) async fn settle(&self, call: &Call<'_>, address: &Address) -> Result<()> {
        match self.unsettled.get(address) {
            Some(mark) => Box::pin(self.settle_partition(call, &[(address, mark)])).await,
            None => Ok(()),
        }
    }

    /// The same for many keys, one read for a partition; the errors by path.
    pub(super) async fn settle_all(&self, call: &Call<'_>, all: &[&Address]) -> HashMap<String, Error> {
        let mut partitions: HashMap<&str, Vec<(&Address, Mark)>> = HashMap::new();
        for address in all {
            if let Some(mark) = self.unsettled.get(address) {
                partitions.entry(address.path()).or_default().push((*address, mark));
            }
        }
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(partitions.len());
        for (path, keys) in &partitions {
            work.push(Box::pin(async move { (*path, self.settle_partition(call, keys).await) }));
        }
        failures(work).await
    }

    /// A SERIAL read of one key settles the whole partition.
    async fn settle_partition(&self, call: &Call<'_>, keys: &[(&Address, Mark)]) -> Result<()> {
        let Some((any, _)) = keys.first() else { return Ok(()) };
        // What the row holds is of no interest here: one that can't be read is there to be replaced.
        let prefix = prefix_of(any.path());
        let values = (prefix.as_str(), any.key());
        let read = self.session.execute_unpaged(&call.statements.get_serial, values).await;
        read.map_err(|error| error::read(call.kind, &error))?;
        let now = self.clock.now();
        keys.iter().for_each(|(address, _)| self.times.note_ballot(address, now));
        // The write's time will lie above that. The clock had better, too: the store's later writes to other keys
        // would seem to be earlier ones.
        tokio::time::sleep(self.times.skew()).await;
        keys.iter().for_each(|(_, mark)| self.unsettled.settled(*mark));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_lwt_is_settled_by_a_read_that_came_after_it_only() {
        let (unsettled, key, other) = (Unsettled::new(), Address::new("a", "k"), Address::new("a", "other"));
        assert_eq!(unsettled.get(&key), None);
        unsettled.note(&key);
        assert_eq!(unsettled.get(&other), None);
        let mark = unsettled.get(&key).expect("a mark");
        // Another one is answered while the read is under way.
        unsettled.note(&key);
        unsettled.settled(mark);
        let mark = unsettled.get(&key).expect("the later one");
        unsettled.settled(mark);
        unsettled.settled(mark);
        assert_eq!(unsettled.get(&key), None);
        assert_eq!(unsettled.len.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_table_is_full_and_has_room_again() {
        let unsettled = Unsettled::new();
        let keys: Vec<_> = (0..MOST).map(|n| Address::new("a", &n.to_string())).collect();
        keys.iter().for_each(|key| unsettled.note(key));
        assert!(unsettled.is_full());
        unsettled.settled(unsettled.get(&keys[7]).expect("a mark"));
        assert!(!unsettled.is_full());
    }
}
