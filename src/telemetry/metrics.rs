//! Counters of one store: how many operations of each kind, how many failed, how long they took.
//!
//! Recording is a few relaxed additions into a part that few threads share; everything else (sums,
//! percentiles, JSON) happens when somebody looks.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crate::lock::Mutex;
use crossbeam_utils::CachePadded;
use histogram::{AtomicHistogram, Config, Histogram};

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

/// What happened since the start or the last reset.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Kinds with at least one operation, in the order of their numbers.
    pub operations: Vec<(Kind, OperationCounts)>,
    /// Failed operations by code, codes that occurred only.
    pub errors: Vec<(Code, u64)>,
    /// Requests that were refused and never became operations, by code.
    pub refused: Vec<(Code, u64)>,
    /// All kinds together.
    pub total: OperationCounts,
    /// Accepted and not yet answered: whoever admits requests knows it and fills it in; else 0.
    pub in_flight: u64,
    /// How long this counts already.
    pub period: Duration,
}

/// Counts and latencies of one kind of operation, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationCounts {
    /// Operations that ended, with or without success.
    pub count: u64,
    /// Those that failed.
    pub errors: u64,
    /// Half took at most this long.
    pub p50: Duration,
    /// 95 % took at most this long.
    pub p95: Duration,
    /// 99 % took at most this long.
    pub p99: Duration,
    /// The longest, exactly.
    pub max: Duration,
    /// The mean, within 2 %.
    pub mean: Duration,
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
        *since = Instant::now();
    }

    /// What happened since the start or the last reset. Operations that end meanwhile may be in
    /// one figure and not yet in another.
    pub fn snapshot(&self) -> Snapshot {
        let period = self.since.lock().elapsed();
        let mut errors = [0; CODES];
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
                for (all, count) in errors.iter_mut().zip(&counts.errors) {
                    let count = count.load(Ordering::Relaxed);
                    *all += count;
                    sum.errors += count;
                }
            }
            let counts = sum.counts();
            if counts.count > 0 {
                total.errors += sum.errors;
                total.add(sum.histogram.as_slice(), sum.longest_ns);
                operations.push((kind, counts));
            }
        }
        let refused = |code: usize| self.shards.iter().map(|s| s.refused[code].load(Ordering::Relaxed)).sum();
        Snapshot {
            operations,
            errors: by_code(|code| errors[code]),
            refused: by_code(refused),
            total: total.counts(),
            in_flight: 0,
            period,
        }
    }

    /// [`Metrics::snapshot`] as JSON; see [`Snapshot::to_json`].
    pub fn snapshot_json(&self) -> String {
        self.snapshot().to_json()
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
    errors: u64,
}

impl Sum {
    fn new(config: &Config) -> Self {
        Self { histogram: Histogram::with_config(config), longest_ns: 0, errors: 0 }
    }

    fn add(&mut self, buckets: &[u64], longest_ns: u64) {
        for (sum, count) in self.histogram.as_mut_slice().iter_mut().zip(buckets) {
            *sum += count;
        }
        self.longest_ns = self.longest_ns.max(longest_ns);
    }

    fn counts(&self) -> OperationCounts {
        let (mut count, mut nanoseconds) = (0_u64, 0.0_f64);
        for bucket in self.histogram.iter().filter(|bucket| bucket.count() > 0) {
            count += bucket.count();
            nanoseconds += bucket.count() as f64 * (bucket.start() as f64 + bucket.end() as f64) / 2.0;
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
            errors: self.errors,
            p50,
            p95,
            p99,
            max: Duration::from_nanos(self.longest_ns),
            mean: Duration::from_nanos(((nanoseconds / count as f64).round() as u64).min(self.longest_ns)),
        }
    }
}

impl Snapshot {
    /// `{"operations":{"get":{"count","errors","latency_us":{"p50","p95","p99","max","mean"}},…},
    /// "total_operations","total_errors","error_rate","latency_us","errors":{"timeout":n,…},
    /// "refused":{"busy":n,…},"in_flight","seconds"}`; kinds and codes that did not occur are absent.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(256 + 128 * self.operations.len());
        out.push_str("{\"operations\":{");
        for (index, (kind, counts)) in self.operations.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(out, "{comma}\"{}\":{{\"count\":{}", kind.name(), counts.count);
            let _ = write!(out, ",\"errors\":{},\"latency_us\":", counts.errors);
            counts.push_latency(&mut out);
            out.push('}');
        }
        let total = &self.total;
        let rate = if total.count == 0 { 0.0 } else { total.errors as f64 / total.count as f64 };
        let _ = write!(out, "}},\"total_operations\":{},\"total_errors\":{}", total.count, total.errors);
        let _ = write!(out, ",\"error_rate\":{rate},\"latency_us\":");
        total.push_latency(&mut out);
        for (name, counts) in [("errors", &self.errors), ("refused", &self.refused)] {
            let _ = write!(out, ",\"{name}\":{{");
            for (index, (code, count)) in counts.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let _ = write!(out, "{comma}\"{}\":{count}", code.name());
            }
            out.push('}');
        }
        let _ =
            write!(out, ",\"in_flight\":{},\"seconds\":{:.3}}}", self.in_flight, self.period.as_secs_f64());
        out
    }
}

impl OperationCounts {
    /// Microseconds with the nanoseconds behind the point.
    fn push_latency(&self, out: &mut String) {
        let named =
            [("p50", self.p50), ("p95", self.p95), ("p99", self.p99), ("max", self.max), ("mean", self.mean)];
        for (index, (name, time)) in named.into_iter().enumerate() {
            let comma = if index > 0 { ',' } else { '{' };
            let _ = write!(out, "{comma}\"{name}\":{}", time.as_nanos() as f64 / 1_000.0);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests;
