//! What this process knows of items' created_at, so that a put of a known key needs no read before it.
//!
//! Exact within the process: deletes clear, expiry is kept with the entry. Between processes an entry may
//! lag behind by the option `created_at_cache`; 0 turns the cache off.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::key::KeyHash;

/// Items remembered; an entry is about 100 bytes.
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

/// Of one key: a promise that no delete of it has begun or ended since it was given out.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    key: KeyHash,
    generation: u32,
}

impl Token {
    /// The key that it was given out for.
    pub fn key(self) -> KeyHash {
        self.key
    }
}

/// The bounded cache of created_at.
pub struct Creations {
    cache: Option<Cache<KeyHash, Known>>,
    trust_us: i64,
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
            generations: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The created_at of a live item at `now`, if it is known.
    pub fn get(&self, key: KeyHash, now: i64) -> Option<i64> {
        let cache = self.cache.as_ref()?;
        let known = cache.get(&key).filter(|known| now < known.trusted_until && now < known.expires_at);
        let count = if known.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        known.map(|known| known.created_at)
    }

    /// Take before the request is sent whose answer or success will be noted.
    pub fn token(&self, key: KeyHash) -> Token {
        Token { key, generation: self.generation(key).load(Ordering::SeqCst) }
    }

    /// Notes what a read found or a write has stored. Of two notes the one of the later write stays: puts
    /// that run side by side may end in another order than their write times have.
    ///
    /// A delete of the key may run beside us: it raises the generation before it is sent and again when it
    /// is acknowledged, and removes the entry after each. If it raised the generation before our look at
    /// the end, we take our entry out again; if after, its own removal comes after our insertion. So no
    /// entry from before an acknowledged delete outlives it.
    pub fn note(&self, token: Token, birth: Birth, now: i64) {
        let Some(cache) = &self.cache else { return };
        if self.generation(token.key).load(Ordering::SeqCst) != token.generation {
            return;
        }
        if let Some(known) = cache.peek(&token.key) {
            // Most reads and puts tell what is known already: noting that once in a quarter of the trust is
            // enough. The time then stays that of an earlier write, so that a read of a row between the two
            // may count as news: only a row that another process has made anew would be any.
            let expires_at = birth.expires_at.unwrap_or(i64::MAX);
            let same = (known.created_at, known.expires_at) == (birth.created_at, expires_at);
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
        cache.insert(token.key, known);
        if self.generation(token.key).load(Ordering::SeqCst) != token.generation {
            cache.remove(&token.key);
        }
    }

    /// Forgets the item: call before a delete is sent and after it was answered, whatever the answer.
    pub fn forget(&self, key: KeyHash) {
        let Some(cache) = &self.cache else { return };
        self.generation(key).fetch_add(1, Ordering::SeqCst);
        cache.remove(&key);
    }

    fn generation(&self, key: KeyHash) -> &AtomicU32 {
        &self.generations[key.slot(SLOTS)]
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
    use super::super::key::KeyHasher;
    use super::*;
    use crate::store::address::Address;

    fn birth(expires_at: Option<i64>, time: i64) -> Birth {
        Birth { created_at: 5, expires_at, time }
    }

    #[test]
    fn entries_end_with_trust_expiry_and_deletes() {
        let creations = Creations::new(Duration::from_secs(10));
        let key = KeyHasher::default().hash(&Address::new("a", "k"));
        let token = creations.token(key);
        creations.note(token, birth(Some(3_000_000), 1), 1_000_000);
        assert_eq!(creations.get(key, 2_999_999), Some(5));
        assert_eq!(creations.get(key, 3_000_000), None, "expired");
        creations.note(token, birth(None, 2), 1_000_000);
        assert_eq!(creations.get(key, 10_999_999), Some(5));
        assert_eq!(creations.get(key, 11_000_000), None, "no longer trusted");
        creations.note(token, Birth { created_at: 4, ..birth(None, 1) }, 1_000_000);
        assert_eq!(creations.get(key, 1_000_000), Some(5), "the later write stays");
        creations.forget(key);
        assert_eq!(creations.get(key, 1_000_000), None);
        creations.note(token, birth(None, 3), 1_000_000);
        assert_eq!(creations.get(key, 1_000_000), None, "what was read before the delete is not believed");
    }

    #[test]
    fn no_trust_means_no_cache() {
        let creations = Creations::new(Duration::ZERO);
        let key = KeyHasher::default().hash(&Address::new("a", "k"));
        creations.note(creations.token(key), birth(None, 1), 0);
        assert_eq!(creations.get(key, 0), None);
    }
}
