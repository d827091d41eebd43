//! Counters of one store: how many operations of each kind, how many failed, how long they took.
//!
//! Recording is a few relaxed additions into a part that few threads share; everything else (sums,
//! percentiles, text) happens when somebody looks.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::lock::Mutex;
use crossbeam_utils::CachePadded;
use histogram::{AtomicHistogram, Config, Histogram};

use super::batches::{Batches, Shape};
use super::report::Report;
use super::snapshot::{LATENCY_BOUNDS, OperationCounts, Snapshot};
use crate::error::Code;
use crate::store::operation::Kind;

/// Buckets are at most 1/32 of their value wide: percentiles are exact within about 3 %.
const GROUPING_POWER: u8 = 5;
/// Nanoseconds up to 2^42 (73 minutes); longer ones count as that. 9.5 KiB for each kind in use.
const VALUE_POWER: u8 = 42;
const LONGEST_NS: u64 = (1 << VALUE_POWER) - 1;

const KINDS: usize = Kind::ALL.len();
const CODES: usize = Code::ALL.len();

/// The counters of one store. All methods may be called from any thread at any time.
pub struct Metrics {
    /// A power of two of them; a thread always uses the same one.
    shards: Box<[CachePadded<Shard>]>,
    config: Config,
    batches: Batches,
    since: Mutex<Instant>,
}

struct Shard {
    kinds: [KindShard; KINDS],
    /// Requests refused before they were taken, by code.
    refused: [AtomicU64; CODES],
}

struct KindShard {
    /// Made at the kind's first operation; its buckets are also the count of operations.
    latency: OnceLock<AtomicHistogram>,
    longest_ns: AtomicU64,
    errors: [AtomicU64; CODES],
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        let shards = available_parallelism().map_or(1, usize::from).next_power_of_two().min(8);
        let config = Config::new(GROUPING_POWER, VALUE_POWER).expect("both powers are constants in range");
        Self {
            shards: (0..shards).map(|_| CachePadded::new(Shard::new())).collect(),
            config,
            batches: Batches::default(),
            since: Mutex::new(Instant::now()),
        }
    }

    /// Counts an operation that ended: `error` is its code, or `None` when it succeeded.
    #[inline]
    pub fn record(&self, kind: Kind, error: Option<Code>, latency: Duration) {
        let counts = &self.shard().kinds[kind as usize - 1];
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).min(LONGEST_NS);
        let histogram = counts.latency.get_or_init(|| AtomicHistogram::with_config(&self.config));
        // In range by the line above; there is nobody to tell otherwise.
        let _ = histogram.increment(ns);
        if ns > counts.longest_ns.load(Ordering::Relaxed) {
            counts.longest_ns.fetch_max(ns, Ordering::Relaxed);
        }
        if let Some(code) = error {
            counts.errors[index(code)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a batch that ended, beside its [`Metrics::record`].
    pub fn batch(&self, shape: Shape) {
        self.batches.record(shape);
    }

    /// Counts a request that was refused and never became an operation.
    #[inline]
    pub fn refused(&self, code: Code) {
        self.shard().refused[index(code)].fetch_add(1, Ordering::Relaxed);
    }

    /// Sets everything to zero. Operations that end meanwhile count
    /// before or after, never twice.
    pub fn reset(&self) {
        let mut since = self.since.lock();
        for shard in &self.shards {
            for kind in &shard.kinds {
                if let Some(histogram) = kind.latency.get() {
                    drop(histogram.drain());
                }
                kind.longest_ns.store(0, Ordering::Relaxed);
                kind.errors.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            }
            shard.refused.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        }
        self.batches.reset();
        *since = Instant::now();
    }

    /// What happened since the start or the last reset. Operations that end meanwhile may be in
    /// one figure and not yet in another.
    pub fn snapshot(&self) -> Snapshot {
        let period = self.since.lock().elapsed();
        let mut total = Sum::new(&self.config);
        let mut operations = Vec::new();
        let used =
            |kind: &Kind| self.shards.iter().any(|s| s.kinds[*kind as usize - 1].latency.get().is_some());
        for kind in Kind::ALL.into_iter().filter(used) {
            let mut sum = Sum::new(&self.config);
            for shard in &self.shards {
                let counts = &shard.kinds[kind as usize - 1];
                let Some(histogram) = counts.latency.get() else { continue };
                sum.add(histogram.load().as_slice(), counts.longest_ns.load(Ordering::Relaxed));
                for (all, count) in sum.errors.iter_mut().zip(&counts.errors) {
                    *all += count.load(Ordering::Relaxed);
                }
            }
            let counts = sum.counts();
            if counts.count > 0 {
                for (all, count) in total.errors.iter_mut().zip(&sum.errors) {
                    *all += count;
                }
                total.add(sum.histogram.as_slice(), sum.longest_ns);
                operations.push((kind, counts));
            }
        }
        let refused = |code: usize| self.shards.iter().map(|s| s.refused[code].load(Ordering::Relaxed)).sum();
        let total = total.counts();
        Snapshot {
            operations,
            errors: total.by_code.clone(),
            refused: by_code(refused),
            total,
            batches: self.batches.stats(),
            report: Report::default(),
            in_flight: 0,
            period,
        }
    }

    /// Threads are spread over the shards in the order in which they first come here.
    #[inline]
    fn shard(&self) -> &Shard {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        let mut thread = THREAD.get();
        if thread == usize::MAX {
            thread = THREADS.fetch_add(1, Ordering::Relaxed);
            THREAD.set(thread);
        }
        &self.shards[thread & (self.shards.len() - 1)]
    }
}

impl Shard {
    fn new() -> Self {
        Self {
            kinds: std::array::from_fn(|_| KindShard {
                latency: OnceLock::new(),
                longest_ns: AtomicU64::new(0),
                errors: [const { AtomicU64::new(0) }; CODES],
            }),
            refused: [const { AtomicU64::new(0) }; CODES],
        }
    }
}

fn index(code: Code) -> usize {
    Code::ALL.iter().position(|known| *known == code).unwrap_or(0)
}

fn by_code(count: impl Fn(usize) -> u64) -> Vec<(Code, u64)> {
    let all = Code::ALL.iter().enumerate().map(|(index, code)| (*code, count(index)));
    all.filter(|(_, count)| *count > 0).collect()
}

/// Buckets added up.
struct Sum {
    histogram: Histogram,
    longest_ns: u64,
    errors: [u64; CODES],
}

impl Sum {
    fn new(config: &Config) -> Self {
        Self { histogram: Histogram::with_config(config), longest_ns: 0, errors: [0; CODES] }
    }

    fn add(&mut self, buckets: &[u64], longest_ns: u64) {
        for (sum, count) in self.histogram.as_mut_slice().iter_mut().zip(buckets) {
            *sum += count;
        }
        self.longest_ns = self.longest_ns.max(longest_ns);
    }

    fn counts(&self) -> OperationCounts {
        let (mut count, mut nanoseconds) = (0_u64, 0.0_f64);
        let mut buckets = [0; LATENCY_BOUNDS.len()];
        for bucket in self.histogram.iter().filter(|bucket| bucket.count() > 0) {
            count += bucket.count();
            nanoseconds += bucket.count() as f64 * (bucket.start() as f64 + bucket.end() as f64) / 2.0;
            // What shares a bucket with the bound counts as above it.
            let first = LATENCY_BOUNDS.partition_point(|bound| *bound < bucket.end());
            buckets[first..].iter_mut().for_each(|at_most| *at_most += bucket.count());
        }
        if count == 0 {
            return OperationCounts::default();
        }
        let mut found = [const { None }; 3];
        let _ = self.histogram.quantile_buckets_into(&[0.5, 0.95, 0.99], &mut found);
        // The bucket's upper end, and never more than what was really seen.
        let [p50, p95, p99] =
            found.map(|bucket| Duration::from_nanos(bucket.map_or(0, |b| b.end()).min(self.longest_ns)));
        OperationCounts {
            count,
            errors: self.errors.iter().sum(),
            by_code: by_code(|code| self.errors[code]),
            p50,
            p95,
            p99,
            max: Duration::from_nanos(self.longest_ns),
            mean: Duration::from_nanos(((nanoseconds / count as f64).round() as u64).min(self.longest_ns)),
            sum: Duration::from_nanos(nanoseconds.round() as u64),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests;
