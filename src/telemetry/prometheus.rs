//! The counters of a store as text for Prometheus (exposition format 0.0.4).
//!
//! Names are `lgstore_*`, units are base units (seconds), and latencies are real histograms, so
//! that percentiles can be taken over many processes. `docs/metrics.md` lists every name.

use std::fmt::{Display, Write};

use super::legacy;
use super::snapshot::{LATENCY_BOUNDS, OperationCounts, Snapshot};
use super::{batches::SIZE_BOUNDS, report::Report};

/// The media type of [`expose`]'s text, for whoever serves it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the text says beside the counters.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The backend's name.
    pub backend: &'a str,
    /// Value of the label `store` on every sample; `None` = no such label.
    pub store: Option<&'a str>,
    /// Adds the names of the founding documents (`scylladb_*`).
    pub legacy_names: bool,
}

/// The text, ending with a line feed.
pub fn expose(snapshot: &Snapshot, options: &Options<'_>) -> String {
    let mut page = Page::new(options.store);
    page.family("lgstore_info", "gauge", "What runs here; the value is always 1.");
    page.sample("", &[("version", env!("CARGO_PKG_VERSION")), ("backend", options.backend)], 1);
    operations(&mut page, snapshot);
    batches(&mut page, snapshot);
    parts(&mut page, &snapshot.report);
    if options.legacy_names {
        legacy::expose(&mut page, snapshot);
    }
    page.text
}

fn operations(page: &mut Page<'_>, snapshot: &Snapshot) {
    page.family("lgstore_operations_total", "counter", "Operations that ended, with or without success.");
    for (kind, counts) in &snapshot.operations {
        page.sample("", &[("operation", kind.name())], counts.count);
    }
    page.family("lgstore_operation_errors_total", "counter", "Operations that failed, by code.");
    for (kind, counts) in &snapshot.operations {
        for (code, count) in &counts.by_code {
            page.sample("", &[("operation", kind.name()), ("code", code.name())], count);
        }
    }
    latencies(page, "lgstore_operation_duration_seconds", snapshot);
    page.family(
        "lgstore_requests_refused_total",
        "counter",
        "Requests that were refused and never became operations.",
    );
    for (code, count) in &snapshot.refused {
        page.sample("", &[("code", code.name())], count);
    }
    page.family("lgstore_requests_in_flight", "gauge", "Requests accepted and not yet answered.");
    page.sample("", &[], snapshot.in_flight);
}

/// A histogram of the time from submit to answer, by operation.
pub(super) fn latencies(page: &mut Page<'_>, name: &'static str, snapshot: &Snapshot) {
    page.family(name, "histogram", "Time from submit to the answer.");
    let bounds = LATENCY_BOUNDS.map(|nanoseconds| nanoseconds as f64 / 1e9);
    for (kind, counts) in &snapshot.operations {
        let OperationCounts { buckets, sum, count, .. } = counts;
        page.histogram(&[("operation", kind.name())], &bounds, buckets, sum.as_secs_f64(), *count);
    }
}

fn batches(page: &mut Page<'_>, snapshot: &Snapshot) {
    let stats = &snapshot.batches;
    page.family("lgstore_batches_total", "counter", "Batches that ended, by the way they went.");
    for (way, count) in
        [("logged", stats.logged), ("unlogged", stats.unlogged), ("concurrent", stats.concurrent)]
    {
        page.sample("", &[("way", way)], count);
    }
    page.family("lgstore_batch_operations", "histogram", "Operations per batch.");
    let bounds = SIZE_BOUNDS.map(|bound| bound as f64);
    page.histogram(&[], &bounds, &stats.size_buckets, stats.operations as f64, stats.total());
}

fn parts(page: &mut Page<'_>, report: &Report) {
    let name = |cache: &super::report::Cache| [("cache", cache.name)];
    if !report.caches.is_empty() {
        page.family("lgstore_cache_hits_total", "counter", "Look-ups that the cache answered.");
        report.caches.iter().for_each(|cache| page.sample("", &name(cache), cache.hits));
        page.family("lgstore_cache_misses_total", "counter", "Look-ups that the cache did not answer.");
        report.caches.iter().for_each(|cache| page.sample("", &name(cache), cache.misses));
        page.family("lgstore_cache_entries", "gauge", "Entries that the cache holds.");
        report.caches.iter().for_each(|cache| page.sample("", &name(cache), cache.entries));
    }
    if !report.breakers.is_empty() {
        let name = |breaker: &super::report::Breaker| [("breaker", breaker.name)];
        let breakers = &report.breakers;
        page.family("lgstore_breaker_state", "gauge", "0 closed, 1 half open, 2 open.");
        breakers.iter().for_each(|breaker| page.sample("", &name(breaker), breaker.state.gauge()));
        page.family("lgstore_breaker_opened_total", "counter", "How often the breaker has opened.");
        breakers.iter().for_each(|breaker| page.sample("", &name(breaker), breaker.opened));
        page.family("lgstore_breaker_rejected_total", "counter", "Requests that the breaker refused.");
        breakers.iter().for_each(|breaker| page.sample("", &name(breaker), breaker.rejected));
        page.family("lgstore_breaker_failures_total", "counter", "Failures that the breaker counted.");
        breakers.iter().for_each(|breaker| page.sample("", &name(breaker), breaker.failures));
    }
    if let Some(limit) = &report.rate_limit {
        page.counter("lgstore_rate_limit_waited_total", "Requests that had to wait.", limit.waited);
        let seconds = limit.waited_us as f64 / 1e6;
        page.counter("lgstore_rate_limit_waited_seconds_total", "How long they waited together.", seconds);
        page.counter("lgstore_rate_limit_refused_total", "Requests above the rate.", limit.refused);
    }
    if let Some(retries) = &report.retries {
        page.counter("lgstore_retries_total", "Attempts after the first.", retries.attempts);
        let help = "Operations that succeeded at a later attempt.";
        page.counter("lgstore_retries_succeeded_total", help, retries.succeeded);
        let help = "Operations that failed with their last attempt.";
        page.counter("lgstore_retries_exhausted_total", help, retries.exhausted);
    }
    if let Some(pool) = &report.pool {
        if let Some(connections) = pool.connections {
            page.gauge("lgstore_pool_connections", "Open connections to the cluster.", connections);
        }
        page.gauge("lgstore_pool_nodes_up", "Nodes with a connection.", pool.nodes_up);
        page.gauge("lgstore_pool_nodes", "Nodes of the cluster.", pool.nodes);
    }
    let help = "Refreshes on read that were given up.";
    page.counter("lgstore_refreshes_dropped_total", help, report.refreshes_dropped);
    for number in &report.counters {
        page.counter(&format!("lgstore_{}_total", number.name), number.help, number.value);
    }
    for number in &report.gauges {
        page.gauge(&format!("lgstore_{}", number.name), number.help, number.value);
    }
}

/// A page in the making: families one after the other, each with its samples.
pub(super) struct Page<'a> {
    text: String,
    store: Option<&'a str>,
    name: String,
}

impl<'a> Page<'a> {
    fn new(store: Option<&'a str>) -> Self {
        Self { text: String::with_capacity(8 * 1_024), store, name: String::new() }
    }

    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        name.clone_into(&mut self.name);
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A family of one counter.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample("", &[], value);
    }

    /// A family of one number of the moment.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample("", &[], value);
    }

    /// A sample of the family begun last; `suffix` for the parts of a histogram.
    pub(super) fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        let own = self.store.map(|store| ("store", store));
        for (index, (name, value)) in own.iter().chain(labels).enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{name}=\"");
            self.escape(value);
            self.text.push('"');
        }
        let end = if own.is_some() || !labels.is_empty() { "}" } else { "" };
        let _ = writeln!(self.text, "{end} {value}");
    }

    fn escape(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }

    /// The samples of one histogram: `buckets` holds what is at most each of `bounds`.
    fn histogram(&mut self, labels: &[(&str, &str)], bounds: &[f64], buckets: &[u64], sum: f64, count: u64) {
        for (bound, at_most) in bounds.iter().zip(buckets) {
            // `count` may have been read a moment before, of counters that others write to.
            self.sample("_bucket", &[labels, &[("le", &bound.to_string())]].concat(), (*at_most).min(count));
        }
        self.sample("_bucket", &[labels, &[("le", "+Inf")]].concat(), count);
        self.sample("_sum", labels, sum);
        self.sample("_count", labels, count);
    }
}

#[cfg(test)]
mod tests;
