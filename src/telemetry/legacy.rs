//! The names that the store's first guides used, for dashboards and alerts that know them.

use super::prometheus::{Page, latencies};
use super::report::rate;
use super::snapshot::Snapshot;

/// Adds the `scylladb_*` families. The same numbers as under the canonical names; percentiles in
/// milliseconds are of this process alone and cannot be added up over several.
pub(super) fn expose(page: &mut Page<'_>, snapshot: &Snapshot) {
    totals(page, snapshot);
    by_operation(page, snapshot);
    let (hits, misses) =
        snapshot.report.caches.iter().fold((0, 0), |(h, m), cache| (h + cache.hits, m + cache.misses));
    page.counter("scylladb_cache_hits_total", "See lgstore_cache_hits_total; all caches.", hits);
    page.counter("scylladb_cache_misses_total", "See lgstore_cache_misses_total; all caches.", misses);
    page.gauge("scylladb_cache_hit_rate", "Hits among all look-ups, 0 to 1.", rate(hits, misses));
    if !snapshot.report.breakers.is_empty() {
        page.family("scylladb_circuit_breaker_state", "gauge", "See lgstore_breaker_state.");
        for breaker in &snapshot.report.breakers {
            page.sample("", &[("name", breaker.name)], breaker.state.gauge());
        }
    }
}

fn totals(page: &mut Page<'_>, snapshot: &Snapshot) {
    let total = &snapshot.total;
    page.counter("scylladb_store_queries_total", "Operations that ended.", total.count);
    page.counter("scylladb_store_errors_total", "Operations that failed.", total.errors);
    let mean = total.mean.as_secs_f64() * 1e3;
    page.gauge("scylladb_store_latency_ms", "Mean time of an operation, in milliseconds.", mean);
    page.counter("scylladb_store_batches_total", "See lgstore_batches_total.", snapshot.batches.total());
}

fn by_operation(page: &mut Page<'_>, snapshot: &Snapshot) {
    page.family("scylladb_operations_total", "counter", "See lgstore_operations_total.");
    for (kind, counts) in &snapshot.operations {
        page.sample("", &[("operation", kind.name())], counts.count);
    }
    page.family("scylladb_errors_total", "counter", "See lgstore_operation_errors_total.");
    for (kind, counts) in &snapshot.operations {
        page.sample("", &[("operation", kind.name())], counts.errors);
    }
    page.family("scylladb_requests_total", "counter", "Operations that ended, by status.");
    for (kind, counts) in &snapshot.operations {
        let success = counts.count.saturating_sub(counts.errors);
        page.sample("", &[("operation", kind.name()), ("status", "success")], success);
        page.sample("", &[("operation", kind.name()), ("status", "error")], counts.errors);
    }
    page.family("scylladb_latency_ms", "gauge", "Percentiles of an operation's time, in milliseconds.");
    for (kind, counts) in &snapshot.operations {
        for (percentile, time) in [("p50", counts.p50), ("p95", counts.p95), ("p99", counts.p99)] {
            let labels = [("operation", kind.name()), ("percentile", percentile)];
            page.sample("", &labels, time.as_secs_f64() * 1e3);
        }
    }
    latencies(page, "scylladb_latency_seconds", snapshot);
}
