//! Refresh on read: moving the expiry of what was read, after the answer, as well as can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_queue::SegQueue;

use super::engine::{Engine, Job, Transaction};
use super::{Shared, guarded};
use crate::error::Result;
use crate::store::address::Address;

/// Refreshes that may wait for the writer; more are dropped and counted.
const MAX_WAITING: usize = 8_192;
/// A refresh that has not run so long after its read is dropped and counted.
const MAX_AGE: Duration = Duration::from_secs(1);

/// A refresh that a read has made due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The item.
    pub address: Address,
    /// The version that was read; another one has its own expiry.
    pub version: [u8; 16],
    /// The store's time of the read, microseconds.
    pub read: i64,
    /// When it was read, for `MAX_AGE`.
    pub asked: Instant,
}

impl Due {
    /// Moves the expiry to the time of the read plus the item's TTL, if the item that was read is
    /// still there and live at `now`. Changes nothing else and never shortens.
    pub fn apply(&self, transaction: &mut dyn Transaction, now: i64) -> Result<()> {
        let mut target = None;
        transaction.get(&self.address, &mut |record| {
            let meta = &record.meta;
            if let (Some(expires_at), Some(ttl_us)) = (meta.expires_at, meta.ttl_us) {
                let wanted = self.read.saturating_add(ttl_us);
                let fits = meta.is_live(now) && meta.version == self.version && wanted > expires_at;
                target = fits.then_some(wanted);
            }
        })?;
        match target {
            Some(expires_at) => transaction.touch(&self.address, expires_at),
            None => Ok(()),
        }
    }
}

/// Refreshes between the reads that asked for them and the writer.
#[derive(Default)]
pub(super) struct Refreshes {
    queue: SegQueue<Due>,
    waiting: AtomicUsize,
    /// A job that will empty the queue is on its way.
    scheduled: AtomicBool,
    dropped: AtomicU64,
}

impl Refreshes {
    /// Refreshes dropped so far because too many waited or they had become too old.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn push(&self, due: Vec<Due>) {
        for one in due {
            if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            } else {
                self.queue.push(one);
            }
        }
    }

    /// Moves what waits into `batch`, without what is too old.
    pub(super) fn take(&self, batch: &mut Vec<Due>) {
        while let Some(due) = self.queue.pop() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if due.asked.elapsed() > MAX_AGE {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            } else {
                batch.push(due);
            }
        }
    }
}

impl<E: Engine> Shared<E> {
    /// Hands refreshes to the writer, through a task of the runtime: a read on a caller's thread
    /// must not become the one who carries out everybody's writes.
    pub(super) fn refresh(self: &Arc<Self>, due: Vec<Due>) {
        if due.is_empty() || self.config.read_only {
            return;
        }
        self.refreshes.push(due);
        // Both sides exchange the flag, so one of two things is true: we read the false of a job
        // that has begun, and send another; or the job that is on its way exchanges it after us,
        // sees what we pushed and takes it.
        if !self.refreshes.scheduled.swap(true, Ordering::AcqRel) {
            let shared = self.clone();
            self.runtime.spawn(async move {
                let job = Box::new(RefreshJob { shared: shared.clone(), batch: Vec::new(), begun: false });
                shared.engine.submit(job);
            });
        }
    }
}

/// Applies everything that waits. A second run (after another job's failure) applies it again.
struct RefreshJob<E: Engine> {
    shared: Arc<Shared<E>>,
    batch: Vec<Due>,
    begun: bool,
}

impl<E: Engine> Job for RefreshJob<E> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.let_the_next_be_sent();
        self.shared.refreshes.take(&mut self.batch);
        apply_all(&self.batch, transaction, self.shared.clock.now())
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        if committed.is_err() {
            let lost = self.batch.len() as u64;
            self.shared.refreshes.dropped.fetch_add(lost, Ordering::Relaxed);
        }
    }
}

impl<E: Engine> RefreshJob<E> {
    /// Once: after the first run another job may be on its way already.
    fn let_the_next_be_sent(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.shared.refreshes.scheduled.swap(false, Ordering::AcqRel);
        }
    }
}

impl<E: Engine> Drop for RefreshJob<E> {
    /// A job that never ran (the engine could not begin to write) leaves what waits to the next read's job.
    fn drop(&mut self) {
        self.let_the_next_be_sent();
    }
}

/// Applies refreshes at `now`.
pub(super) fn apply_all(batch: &[Due], transaction: &mut dyn Transaction, now: i64) -> Result<()> {
    guarded(|| batch.iter().try_for_each(|due| due.apply(transaction, now)))
}
