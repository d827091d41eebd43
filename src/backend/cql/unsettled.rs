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
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;

use super::batch::failures;
use super::cluster::{Call, Cluster};
use super::error;
use super::key::KeyHash;
use super::row::Prefix;
use crate::error::{Error, Result};
use crate::lock::Mutex;
use crate::store::address::Address;

const SHARDS: usize = 16;
/// Keys remembered, about 8 MB. Beyond that an LWT is settled before it is acknowledged.
const MOST: usize = 1 << 18;

/// The keys whose last LWT is not settled.
pub struct Unsettled {
    /// The number of a key's last LWT.
    shards: [Mutex<HashMap<KeyHash, u64>>; SHARDS],
    len: AtomicUsize,
    lwts: AtomicU64,
}

/// An LWT as it was known when somebody asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    key: KeyHash,
    lwt: u64,
}

impl Unsettled {
    /// No key.
    pub fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            len: AtomicUsize::new(0),
            lwts: AtomicU64::new(0),
        }
    }

    /// Notes an LWT on the key.
    pub fn note(&self, key: KeyHash) {
        let lwt = self.lwts.fetch_add(1, Ordering::Relaxed);
        if self.shard(key).lock().insert(key, lwt).is_none() {
            self.len.fetch_add(1, Ordering::Release);
        }
    }

    /// The key's LWT, if it is not settled.
    pub fn get(&self, key: KeyHash) -> Option<Mark> {
        // Sees every LWT that was answered before the caller asked: whoever has the answer has the count.
        if self.len.load(Ordering::Acquire) == 0 {
            return None;
        }
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

    fn shard(&self, key: KeyHash) -> &Mutex<HashMap<KeyHash, u64>> {
        &self.shards[key.slot(SHARDS)]
    }
}

impl Cluster {
    /// Before a plain write to the key, and before its time is chosen.
    pub(super) async fn settle(&self, call: &Call<'_>, address: &Address, key: KeyHash) -> Result<()> {
        match self.unsettled.get(key) {
            Some(mark) => Box::pin(self.settle_partition(call, address, &[mark])).await,
            None => Ok(()),
        }
    }

    /// The same for many keys, one read for a partition; the errors by path.
    pub(super) async fn settle_all<'a>(
        &self,
        call: &Call<'_>,
        all: impl Iterator<Item = (&'a Address, KeyHash)>,
    ) -> HashMap<String, Error> {
        let mut partitions: HashMap<&str, (&Address, Vec<Mark>)> = HashMap::new();
        for (address, key) in all {
            if let Some(mark) = self.unsettled.get(key) {
                partitions.entry(address.path()).or_insert((address, Vec::new())).1.push(mark);
            }
        }
        let mut work: Vec<BoxFuture<'_, _>> = Vec::with_capacity(partitions.len());
        for (path, (any, marks)) in &partitions {
            work.push(Box::pin(async move { (*path, self.settle_partition(call, any, marks).await) }));
        }
        failures(work).await
    }

    /// A SERIAL read of any key settles the whole partition.
    async fn settle_partition(&self, call: &Call<'_>, any: &Address, marks: &[Mark]) -> Result<()> {
        // What the row holds is of no interest here: one that can't be read is there to be replaced.
        let values = (Prefix(any.path()), any.key());
        let read = self.session.execute_unpaged(&call.statements.get_serial, values).await;
        read.map_err(|error| error::read(call.kind, &error))?;
        let now = self.clock.now();
        marks.iter().for_each(|mark| self.times.note_ballot(mark.key, now));
        // The write's time will lie above that. The clock had better, too: the store's later writes to other keys
        // would seem to be earlier ones.
        tokio::time::sleep(self.times.skew()).await;
        marks.iter().for_each(|mark| self.unsettled.settled(*mark));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyHasher;
    use super::*;

    #[test]
    fn an_lwt_is_settled_by_a_read_that_came_after_it_only() {
        let (unsettled, hasher) = (Unsettled::new(), KeyHasher::default());
        let [key, other] = ["k", "other"].map(|key| hasher.hash(&Address::new("a", key)));
        assert_eq!(unsettled.get(key), None);
        unsettled.note(key);
        assert_eq!(unsettled.get(other), None);
        let mark = unsettled.get(key).expect("a mark");
        // Another one is answered while the read is under way.
        unsettled.note(key);
        unsettled.settled(mark);
        let mark = unsettled.get(key).expect("the later one");
        unsettled.settled(mark);
        unsettled.settled(mark);
        assert_eq!(unsettled.get(key), None);
        assert_eq!(unsettled.len.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_table_is_full_and_has_room_again() {
        let (unsettled, hasher) = (Unsettled::new(), KeyHasher::default());
        let keys: Vec<_> = (0..MOST).map(|n| hasher.hash(&Address::new("a", &n.to_string()))).collect();
        keys.iter().for_each(|key| unsettled.note(*key));
        assert!(unsettled.is_full());
        unsettled.settled(unsettled.get(keys[7]).expect("a mark"));
        assert!(!unsettled.is_full());
    }
}
