//! Keys as the tables of a store know them: by a hash, made once for a request.

use std::hash::{BuildHasher, RandomState};

use crate::store::address::Address;

/// A key's hash under the secret of its store.
///
/// Tables that keep something for single keys take two keys of one hash for one. Nobody can choose such keys
/// without the secret; of 65,536 remembered keys another one meets any once in 3 x 10^14 look-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(u64);

/// The secret of one store.
#[derive(Debug, Default)]
pub struct KeyHasher(RandomState);

impl KeyHasher {
    /// The hash of a key.
    pub fn hash(&self, address: &Address) -> KeyHash {
        KeyHash(self.0.hash_one(address))
    }
}

impl KeyHash {
    /// The key's place in a table of `slots`, a power of two; keys share places.
    pub fn slot(self, slots: usize) -> usize {
        self.0 as usize & (slots - 1)
    }
}
