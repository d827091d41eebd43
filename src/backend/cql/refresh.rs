//! Refresh on read: moving the expiry of what was read, after the answer, as well as can be.
//!
//! A refresh writes the row as it was read, every cell with the write time that the row already has and a
//! longer TTL. Of two cells with one write time the cluster keeps the one that expires later; any newer put
//! or delete has a greater time and wins. So a refresh loses no concurrent write, revives nothing that was
//! deleted, and changes neither updated_at nor version, whenever it arrives. Only after the expiry itself
//! could it bring an item back: one with less than two seconds left is not refreshed, and one that has
//! not been sent within a second of its read is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use super::cluster::Cluster;
use super::row::{Cells, Prefix, seconds};
use super::statements::Statements;
use crate::store::address::Address;
use crate::store::item::{NO_VERSION, Record};

/// Refreshes that may wait; more are dropped and counted.
const MAX_WAITING: usize = 8_192;
/// Refreshes on their way to the cluster at one time.
const MAX_SENT: usize = 64;
/// A refresh that has not been sent so long after its read is dropped and counted.
const MAX_AGE: Duration = Duration::from_secs(1);
/// Items with less to live are left to expire.
const LEAST_LEFT_US: i64 = 2_000_000;

/// A row to be written again with a longer life.
#[derive(Debug)]
struct Due {
    address: Address,
    value: String,
    created_at: i64,
    updated_at: i64,
    version: Option<Uuid>,
    ttl: i32,
    duplicates: bool,
    write_time: i64,
    read: Instant,
}

/// Refreshes between the reads that asked for them and the cluster.
#[derive(Debug)]
pub struct Refreshes {
    sender: mpsc::Sender<Due>,
    dropped: AtomicU64,
}

/// The other end, for the task that sends them.
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<Due>);

impl Refreshes {
    /// A queue and its end.
    pub fn new() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self { sender, dropped: AtomicU64::new(0) }, Waiting(receiver))
    }

    /// Refreshes dropped so far: too many waited, they had become too old, or the cluster failed.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Cluster {
    /// Asks for a refresh of an item that was read at `now`, if one is due.
    pub fn refresh(&self, address: &Address, record: &Record<'_>, write_time: Option<i64>, now: i64) {
        let meta = &record.meta;
        let (Some(write_time), Some(ttl_us), Some(expires_at)) = (write_time, meta.ttl_us, meta.expires_at)
        else {
            return;
        };
        let due = meta.is_refresh_due(now, self.config.ttl.refresh_slack);
        if !due || expires_at.saturating_sub(now) < LEAST_LEFT_US {
            return;
        }
        let Ok(ttl) = i32::try_from(seconds(ttl_us)) else { return };
        let version = (meta.version != NO_VERSION).then(|| Uuid::from_bytes(meta.version));
        let due = Due {
            address: address.clone(),
            value: record.value.to_owned(),
            created_at: meta.created_at,
            updated_at: meta.updated_at,
            version,
            ttl,
            duplicates: meta.duplicates,
            write_time,
            read: Instant::now(),
        };
        if self.refreshes.sender.try_send(due).is_err() {
            self.refreshes.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Sends refreshes until the store is dropped.
    pub async fn send_refreshes(cluster: std::sync::Weak<Self>, mut waiting: Waiting) {
        let sent = Arc::new(Semaphore::new(MAX_SENT));
        while let Some(due) = waiting.0.recv().await {
            let Ok(permit) = Arc::clone(&sent).acquire_owned().await else { return };
            let Some(cluster) = cluster.upgrade() else { return };
            if due.read.elapsed() > MAX_AGE {
                cluster.refreshes.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            tokio::spawn(async move {
                if !cluster.rewrite(&due).await {
                    cluster.refreshes.dropped.fetch_add(1, Ordering::Relaxed);
                }
                drop(permit);
            });
        }
    }

    /// Writes the row as it was read, with its own write time and its whole TTL.
    async fn rewrite(&self, due: &Due) -> bool {
        let cells = Cells {
            value: &due.value,
            created_at: due.created_at,
            updated_at: due.updated_at,
            version: due.version,
            ttl: Some(due.ttl),
            duplicates: due.duplicates,
        };
        let values = cells.timed(due.write_time, Prefix(due.address.path()), due.address.key());
        let Statements { put, patience, .. } = self.statements(0);
        self.ask(patience, || self.session.execute_unpaged(put, &values)).await.is_ok()
    }
}
