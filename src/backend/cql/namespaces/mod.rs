//! The index of namespaces: the table `store_namespaces`, spread over buckets.
//!
//! A cluster can't say which namespaces lie below a prefix: partitions have no order. So every put makes
//! sure that its namespace has a row here before it is acknowledged (`register`); a listing reads its
//! slice of every bucket side by side and merges the sorted runs (`slices`); and since items are deleted
//! and expire without a word to the index, a row is only a candidate: what shows it looks whether its
//! partition holds a live item (`verify`), and a row that stays dead is removed (`remove`). What the
//! index has lost, or never had, `reindex` rebuilds from the partitions themselves.
//!
//! The index is read and written under the default profile, but never below LOCAL_QUORUM.

mod register;
mod reindex;
mod remove;
mod slices;
mod statements;
mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use scylla::client::session::Session;
use tokio::sync::{Semaphore, watch};

pub use self::slices::{Candidate, Slices};
use self::statements::Statements;
pub use self::verify::Look;
use super::profile::Profiles;
use super::schema::Format;
use crate::error::Result;
use crate::lock::Mutex;
use crate::store::config::Config;
use crate::store::cursor::{Part, StableHash};

/// Namespaces whose registration is remembered; an entry is about 100 bytes and the path.
const REMEMBERED: usize = 100_000;
/// Namespaces remembered as likely to hold items.
const LIKELY: usize = 10_000;
/// Removals on their way at one time; what is found dead beyond that is left to the next listing.
const REMOVALS: usize = 4;

/// How a registration that is on its way has ended; `None` = not yet.
type Outcome = watch::Receiver<Option<Result<()>>>;

/// The index of one open cluster.
pub struct Namespaces {
    statements: Statements,
    buckets: u32,
    lease: Duration,
    /// How old a row must be before it may be removed.
    removable_after_us: i64,
    /// Since when a registration by this process is sure.
    registered: Arc<Cache<Box<str>, Instant>>,
    registering: Arc<Mutex<HashMap<Box<str>, Outcome>>>,
    /// Namespaces that this process has written to or found items in: only a hint.
    likely: Cache<Box<str>, ()>,
    removing: Arc<Semaphore>,
    counts: Arc<Counts>,
}

/// What the index has done since the store was opened.
#[derive(Debug, Default)]
pub struct Counts {
    /// Puts that found their namespace registered within the lease.
    pub known: AtomicU64,
    /// Puts that had to wait for a registration, their own or another put's.
    pub unknown: AtomicU64,
    /// Rows written.
    pub registered: AtomicU64,
    /// Pages of slices read.
    pub pages: AtomicU64,
    /// Pages read to find out whether a namespace holds a live item.
    pub looks: AtomicU64,
    /// Rows of dead namespaces removed.
    pub removed: AtomicU64,
}

impl Counts {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Namespaces {
    /// Prepares the statements of the index.
    ///
    /// Errors: those of preparing, by their meaning.
    pub async fn open(
        session: &Session,
        config: &Config,
        profiles: &Profiles,
        format: Format,
    ) -> Result<Self> {
        let lease = Duration::from_secs_f64(config.namespace_lease);
        Ok(Self {
            statements: Statements::prepare(session, config, &profiles.get(0).strict).await?,
            buckets: format.buckets,
            lease,
            removable_after_us: removable_after_us(config),
            registered: Arc::new(Cache::new(REMEMBERED)),
            registering: Arc::default(),
            likely: Cache::new(LIKELY),
            removing: Arc::new(Semaphore::new(REMOVALS)),
            counts: Arc::default(),
        })
    }

    /// What the index has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Namespaces that this process has registered and remembers.
    pub fn remembered(&self) -> u64 {
        self.registered.len() as u64
    }

    /// Whether the namespace itself likely holds items. Only a hint: a search then reads its partition
    /// before it asks the index.
    pub fn is_likely(&self, path: &str) -> bool {
        !path.is_empty() && self.likely.contains_key(path)
    }

    /// Notes that the namespace holds items.
    pub fn note_likely(&self, path: &str) {
        if !self.likely.contains_key(path) {
            self.likely.insert(path.into(), ());
        }
    }

    /// The bucket of a path.
    fn bucket_of(&self, path: &str) -> i32 {
        bucket(path, self.buckets)
    }
}

/// The bucket of a namespace's path among `buckets`. Fixed for ever: stored rows depend on it.
pub fn bucket(path: &str, buckets: u32) -> i32 {
    let mut hash = StableHash::new(Part::Bucket);
    hash.text(path);
    // At most 1,024 buckets.
    (hash.finish() % u64::from(buckets.max(1))) as i32
}

/// The age from which on a row may be removed, see `remove`: ten leases, the longest deadline, the skew.
///
/// Where requests have no deadline of their own, a put takes at most three requests to the cluster.
fn removable_after_us(config: &Config) -> i64 {
    let deadline = config.timeout.unwrap_or(0.0).max(3.0 * config.request_timeout);
    let seconds = 10.0 * config.namespace_lease + deadline + config.max_clock_skew;
    (seconds * 1e6) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_never_change() {
        // Another number here means that every index out there is read wrongly.
        assert_eq!([bucket("users", 16), bucket("users\0a-b", 16), bucket("ü", 1_024)], [1, 13, 805]);
    }

    #[test]
    fn every_bucket_gets_its_share() {
        for buckets in [1_u32, 16, 1_024] {
            let mut counts = vec![0_u32; buckets as usize];
            (0..buckets * 100).for_each(|n| counts[bucket(&format!("users\0{n}"), buckets) as usize] += 1);
            let fair = |count: &u32| (50..=160).contains(count);
            assert!(counts.iter().all(fair), "{buckets} buckets: {counts:?}");
        }
    }
}
