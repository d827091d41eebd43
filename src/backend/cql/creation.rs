//! What this process knows of items' created_at, so that a put of a known key needs no read before it.
//!
//! Exact within the process: deletes clear, expiry is kept with the entry. Between processes an entry may
//! lag behind by the option `created_at_cache`; 0 turns the cache off.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::store::address::Address;

/// Items remembered; an entry is about 150 bytes and its key's text.
const ENTRIES: usize = 65_536;
/// Slots of the generations.
const SLOTS: usize = 4_096;

/// One item's birth.
#[derive(Clone, Copy, Debug)]
struct Known {
    created_at: i64,
    /// The write time of the row that this was learned from.
    time: i64,
    /// When the item expires, microseconds; `i64::MAX` = never.
    expires_at: i64,
    /// From when on another process may have replaced the item without our knowing.
    trusted_until: i64,
}

/// What a row says of its item's birth. Microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    /// When the item came into being.
    pub created_at: i64,
    /// When it expires; `None` = never.
    pub expires_at: Option<i64>,
    /// The row's write time.
    pub time: i64,
}

/// A promise that no delete of the key has begun or ended since it was given out.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    slot: usize,
    generation: u32,
}

/// The bounded cache of created_at.
pub struct Creations {
    cache: Option<Cache<Address, Known>>,
    trust_us: i64,
    hasher: RandomState,
    generations: Box<[AtomicU32]>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Creations {
    /// Entries are believed for `trust`; zero = nothing is remembered.
    pub fn new(trust: Duration) -> Self {
        Self {
            cache: (!trust.is_zero()).then(|| Cache::new(ENTRIES)),
            trust_us: i64::try_from(trust.as_micros()).unwrap_or(i64::MAX / 4),
            hasher: RandomState::new(),
            generations: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The created_at of a live item at `now`, if it is known.
    pub fn get(&self, address: &Address, now: i64) -> Option<i64> {
        let cache = self.cache.as_ref()?;
        let known = cache.get(address).filter(|known| now < known.trusted_until && now < known.expires_at);
        let count = if known.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        known.map(|known| known.created_at)
    }

    /// Take before the request is sent whose answer or success will be noted.
    pub fn token(&self, address: &Address) -> Token {
        let slot = self.hasher.hash_one(address) as usize % SLOTS;
        Token { slot, generation: self.generations[slot].load(Ordering::SeqCst) }
    }

    /// Notes what a read found or a write has stored. Of two notes the one of the later write stays: puts
    /// that run side by side may end in another order than their write times have.
    ///
    /// A delete of the key may run beside us: it raises the generation before it is sent and again when it
    /// is acknowledged, and removes the entry after each. If it raised the generation before our look at
    /// the end, we take our entry out again; if after, its own removal comes after our insertion. So no
    /// entry from before an acknowledged delete outlives it.
    pub fn note(&self, token: Token, address: &Address, birth: Birth, now: i64) {
        let Some(cache) = &self.cache else { return };
        if self.generations[token.slot].load(Ordering::SeqCst) != token.generation {
            return;
        }
        if let Some(known) = cache.peek(address) {
            // Most reads tell what is known already: noting that once in a quarter of the trust is enough.
            let same = (known.time, known.expires_at) == (birth.time, birth.expires_at.unwrap_or(i64::MAX));
            let fresh = known.trusted_until.saturating_sub(now) > self.trust_us / 4 * 3;
            if known.time > birth.time || same && fresh {
                return;
            }
        }
        let known = Known {
            created_at: birth.created_at,
            time: birth.time,
            expires_at: birth.expires_at.unwrap_or(i64::MAX),
            trusted_until: now.saturating_add(self.trust_us),
        };
        cache.insert(address.clone(), known);
        if self.generations[token.slot].load(Ordering::SeqCst) != token.generation {
            cache.remove(address);
        }
    }

    /// Forgets the item: call before a delete is sent and after it was answered, whatever the answer.
    pub fn forget(&self, address: &Address) {
        let Some(cache) = &self.cache else { return };
        let slot = self.hasher.hash_one(address) as usize % SLOTS;
        self.generations[slot].fetch_add(1, Ordering::SeqCst);
        cache.remove(address);
    }

    /// Items remembered now.
    pub fn entries(&self) -> u64 {
        self.cache.as_ref().map_or(0, |cache| cache.len() as u64)
    }

    /// Look-ups so far that found an entry, and that did not.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(expires_at: Option<i64>, time: i64) -> Birth {
        Birth { created_at: 5, expires_at, time }
    }

    #[test]
    fn entries_end_with_trust_expiry_and_deletes() {
        let creations = Creations::new(Duration::from_secs(10));
        let key = Address::new("a", "k");
        let token = creations.token(&key);
        creations.note(token, &key, birth(Some(3_000_000), 1), 1_000_000);
        assert_eq!(creations.get(&key, 2_999_999), Some(5));
        assert_eq!(creations.get(&key, 3_000_000), None, "expired");
        creations.note(token, &key, birth(None, 2), 1_000_000);
        assert_eq!(creations.get(&key, 10_999_999), Some(5));
        assert_eq!(creations.get(&key, 11_000_000), None, "no longer trusted");
        creations.note(token, &key, Birth { created_at: 4, ..birth(None, 1) }, 1_000_000);
        assert_eq!(creations.get(&key, 1_000_000), Some(5), "the later write stays");
        creations.forget(&key);
        assert_eq!(creations.get(&key, 1_000_000), None);
        creations.note(token, &key, birth(None, 3), 1_000_000);
        assert_eq!(creations.get(&key, 1_000_000), None, "what was read before the delete is not believed");
    }

    #[test]
    fn no_trust_means_no_cache() {
        let creations = Creations::new(Duration::ZERO);
        let key = Address::new("a", "k");
        creations.note(creations.token(&key), &key, birth(None, 1), 0);
        assert_eq!(creations.get(&key, 0), None);
    }
}
