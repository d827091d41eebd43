//! Statistics of batches: how many, how large, and which of the three ways they went.

use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use histogram::{AtomicHistogram, Config};

use crate::store::operation::{Batch, Mode, Operation};

/// Sizes up to 256 are counted exactly, larger ones within 1 %.
const GROUPING_POWER: u8 = 7;
/// Sizes up to 2^24; larger ones count as that. 18 KiB, made with the first batch.
const VALUE_POWER: u8 = 24;
const LARGEST: u64 = (1 << VALUE_POWER) - 1;

/// How the operations of a batch are carried out. It follows from the request alone, so that the
/// same program counts the same on every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `atomicity: "logged"`: all or nothing.
    Logged,
    /// `atomicity: "none"`, only puts and deletes: on a cluster the writes of one partition go
    /// together as one UNLOGGED batch, atomic per partition only.
    Unlogged,
    /// Every operation on its own: there are reads among them, or the mode is `sequential`.
    Concurrent,
}

/// What the statistics keep of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its operations.
    pub operations: u32,
    /// How they are carried out.
    pub way: Way,
}

impl Shape {
    /// The shape of a batch; `None` for every other operation.
    #[inline]
    pub fn of(operation: &Operation) -> Option<Shape> {
        match operation {
            Operation::Batch(batch) => Some(Shape::of_batch(batch)),
            _ => None,
        }
    }

    fn of_batch(batch: &Batch) -> Shape {
        let only_writes = !batch.operations.is_empty() && batch.operations.iter().all(Operation::writes);
        let way = match (batch.logged, batch.mode) {
            (true, _) => Way::Logged,
            (false, Mode::Snapshot) if only_writes => Way::Unlogged,
            (false, _) => Way::Concurrent,
        };
        Shape { operations: u32::try_from(batch.operations.len()).unwrap_or(u32::MAX), way }
    }
}

/// The counters. All methods may be called from any thread at any time.
#[derive(Default)]
pub struct Batches {
    /// By [`Way`].
    ways: [AtomicU64; 3],
    operations: AtomicU64,
    sizes: OnceLock<AtomicHistogram>,
}

/// What happened since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchStats {
    /// Batches that were all or nothing.
    pub logged: u64,
    /// Batches of writes that were not.
    pub unlogged: u64,
    /// Batches whose operations went one by one.
    pub concurrent: u64,
    /// Operations of all batches.
    pub operations: u64,
    /// Half of the batches had at most so many operations.
    pub size_p50: u64,
    /// 95 % had at most so many.
    pub size_p95: u64,
    /// 99 % had at most so many.
    pub size_p99: u64,
    /// Batches of at most [`SIZE_BOUNDS`] operations.
    pub size_buckets: [u64; SIZE_BOUNDS.len()],
}

/// Bounds of the sizes in the text for Prometheus.
pub const SIZE_BOUNDS: [u64; 10] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000];

impl Batches {
    /// Counts a batch that ended, with or without success.
    pub fn record(&self, shape: Shape) {
        self.ways[shape.way as usize].fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(u64::from(shape.operations), Ordering::Relaxed);
        let sizes = self.sizes.get_or_init(|| AtomicHistogram::with_config(&config()));
        // In range by the line's own min; there is nobody to tell otherwise.
        let _ = sizes.increment(u64::from(shape.operations).min(LARGEST));
    }

    /// Sets everything to zero. A batch that ends meanwhile may stay in one figure only.
    pub fn reset(&self) {
        self.ways.iter().chain([&self.operations]).for_each(|count| count.store(0, Ordering::Relaxed));
        if let Some(sizes) = self.sizes.get() {
            drop(sizes.drain());
        }
    }

    /// The figures now.
    pub fn stats(&self) -> BatchStats {
        let [logged, unlogged, concurrent] = [0, 1, 2].map(|way| self.ways[way].load(Ordering::Relaxed));
        let operations = self.operations.load(Ordering::Relaxed);
        let mut stats = BatchStats { logged, unlogged, concurrent, operations, ..BatchStats::default() };
        let Some(sizes) = self.sizes.get().map(AtomicHistogram::load) else { return stats };
        let mut found = [const { None }; 3];
        let _ = sizes.quantile_buckets_into(&[0.5, 0.95, 0.99], &mut found);
        [stats.size_p50, stats.size_p95, stats.size_p99] =
            found.map(|bucket| bucket.map_or(0, |bucket| bucket.end()));
        for bucket in sizes.iter().filter(|bucket| bucket.count() > 0) {
            let first = SIZE_BOUNDS.partition_point(|bound| *bound < bucket.end());
            stats.size_buckets[first..].iter_mut().for_each(|at_most| *at_most += bucket.count());
        }
        stats
    }
}

fn config() -> Config {
    Config::new(GROUPING_POWER, VALUE_POWER).expect("both powers are constants in range")
}

impl BatchStats {
    /// All batches.
    pub fn total(&self) -> u64 {
        self.logged + self.unlogged + self.concurrent
    }

    /// Operations per batch.
    pub fn mean_size(&self) -> f64 {
        let total = self.total();
        if total == 0 { 0.0 } else { self.operations as f64 / total as f64 }
    }

    /// The ten members that `batch_stats` has had since the first guide.
    pub(super) fn push_json(&self, out: &mut String) {
        let _ = write!(
            out,
            "{{\"total_batches\":{},\"total_batch_operations\":{},\"avg_batch_size\":{},\
             \"atomic_batches\":{},\"concurrent_batches\":{},\"logged_batches\":{},\"unlogged_batches\":{},\
             \"batch_size_p50\":{},\"batch_size_p95\":{},\"batch_size_p99\":{}}}",
            self.total(),
            self.operations,
            self.mean_size(),
            self.logged + self.unlogged,
            self.concurrent,
            self.logged,
            self.unlogged,
            self.size_p50,
            self.size_p95,
            self.size_p99,
        );
    }
}

#[cfg(test)]
mod tests;
