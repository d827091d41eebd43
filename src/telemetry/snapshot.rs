//! What the counters of a store came to, and its form as JSON.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::batches::BatchStats;
use super::report::{Number, Report};
use crate::error::Code;
use crate::json::text::push_string;
use crate::store::operation::Kind;

/// Bounds of latencies in the text for Prometheus, in nanoseconds: 500 ns to 60 s.
pub const LATENCY_BOUNDS: [u64; 25] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
    60_000_000_000,
];

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
    /// Batches by size and way.
    pub batches: BatchStats,
    /// What the store's parts say: whoever knows them fills it in.
    pub report: Report,
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
    /// Those that failed, by code; codes that occurred only.
    pub by_code: Vec<(Code, u64)>,
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
    /// All together, within 2 %.
    pub sum: Duration,
    /// Operations that took at most [`LATENCY_BOUNDS`], within 3 % of the bound.
    pub buckets: [u64; LATENCY_BOUNDS.len()],
}

impl Snapshot {
    /// Failed operations among all.
    pub fn error_rate(&self) -> f64 {
        if self.total.count == 0 { 0.0 } else { self.total.errors as f64 / self.total.count as f64 }
    }

    /// One object; `docs/metrics.md` describes its members. Kinds and codes that did not occur are
    /// absent, and so are parts that the store does not have.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1_024 + 160 * self.operations.len());
        out.push_str("{\"operations\":");
        object(&mut out, &self.operations, |(kind, _)| kind.name(), |(_, counts), out| counts.push_json(out));
        let total = &self.total;
        let _ = write!(out, ",\"total_operations\":{},\"total_errors\":{}", total.count, total.errors);
        let _ = write!(out, ",\"error_rate\":{},\"latency_us\":", self.error_rate());
        total.push_latency(&mut out);
        for (name, counts) in [("errors", &self.errors), ("refused", &self.refused)] {
            let _ = write!(out, ",\"{name}\":");
            object(&mut out, counts, |(code, _)| code.name(), |(_, count), out| push(out, count));
        }
        out.push_str(",\"batch_stats\":");
        self.batches.push_json(&mut out);
        self.report.push_json(&mut out);
        let _ =
            write!(out, ",\"in_flight\":{},\"seconds\":{:.3}}}", self.in_flight, self.period.as_secs_f64());
        out
    }
}

impl OperationCounts {
    fn push_json(&self, out: &mut String) {
        let _ = write!(out, "{{\"count\":{},\"errors\":{},\"latency_us\":", self.count, self.errors);
        self.push_latency(out);
        out.push('}');
    }

    /// Microseconds with the nanoseconds behind the point.
    fn push_latency(&self, out: &mut String) {
        let named =
            [("p50", self.p50), ("p95", self.p95), ("p99", self.p99), ("max", self.max), ("mean", self.mean)];
        object(out, &named, |(name, _)| name, |(_, time), out| push(out, time.as_nanos() as f64 / 1_000.0));
    }
}

impl Report {
    /// Appends the parts as members.
    fn push_json(&self, out: &mut String) {
        out.push_str(",\"caches\":");
        let cache = |cache: &super::report::Cache, out: &mut String| {
            let _ = write!(out, "{{\"hits\":{},\"misses\":{}", cache.hits, cache.misses);
            let _ = write!(out, ",\"hit_rate\":{},\"entries\":{}}}", cache.hit_rate(), cache.entries);
        };
        object(out, &self.caches, |cache| cache.name, cache);
        out.push_str(",\"breakers\":");
        let breaker = |breaker: &super::report::Breaker, out: &mut String| {
            let (text, gauge) = (breaker.state.text(), breaker.state.gauge());
            let _ = write!(out, "{{\"state\":\"{text}\",\"gauge\":{gauge},\"opened\":{}", breaker.opened);
            let _ = write!(out, ",\"rejected\":{},\"failures\":{}}}", breaker.rejected, breaker.failures);
        };
        object(out, &self.breakers, |breaker| breaker.name, breaker);
        if let Some(limit) = &self.rate_limit {
            let seconds = limit.waited_us as f64 / 1e6;
            let _ = write!(out, ",\"rate_limit\":{{\"waited\":{},\"waited_seconds\":{seconds}", limit.waited);
            let _ = write!(out, ",\"refused\":{}}}", limit.refused);
        }
        if let Some(retries) = &self.retries {
            let _ = write!(out, ",\"retries\":{{\"attempts\":{}", retries.attempts);
            let _ = write!(out, ",\"succeeded\":{}", retries.succeeded);
            let _ = write!(out, ",\"exhausted\":{}}}", retries.exhausted);
        }
        if let Some(pool) = &self.pool {
            let connections = pool.connections.map_or_else(|| "null".to_owned(), |count| count.to_string());
            let _ = write!(out, ",\"pool\":{{\"connections\":{connections},\"nodes_up\":{}", pool.nodes_up);
            let _ = write!(out, ",\"nodes\":{}}}", pool.nodes);
        }
        let _ = write!(out, ",\"refreshes_dropped\":{}", self.refreshes_dropped);
        for (name, numbers) in [("counters", &self.counters), ("gauges", &self.gauges)] {
            let _ = write!(out, ",\"{name}\":");
            let number = |number: &Number, out: &mut String| push(out, number.value);
            object(out, numbers, |number| number.name, number);
        }
    }
}

/// Writes `{"name":value,…}`.
fn object<T>(
    out: &mut String,
    members: &[T],
    name: impl Fn(&T) -> &'static str,
    value: impl Fn(&T, &mut String),
) {
    out.push('{');
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, name(member));
        out.push(':');
        value(member, out);
    }
    out.push('}');
}

fn push(out: &mut String, value: impl Display) {
    let _ = write!(out, "{value}");
}
