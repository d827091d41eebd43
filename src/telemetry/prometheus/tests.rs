use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prometheus_parse::{Sample, Scrape, Value};

use super::*;
use crate::error::Code;
use crate::store::operation::Kind;
use crate::telemetry::batches::{Shape, Way};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::report::{Breaker, BreakerState, Cache, Number, Pool, RateLimit, Retries};

const PLAIN: Options<'_> = Options { backend: "memory", store: None, legacy_names: false };
const LEGACY: Options<'_> = Options { legacy_names: true, ..PLAIN };

/// Everything that a store can have.
fn full() -> Snapshot {
    let metrics = Metrics::new();
    for us in 1..=1_000 {
        metrics.record(Kind::Get, None, Duration::from_micros(us));
    }
    metrics.record(Kind::Put, Some(Code::Timeout), Duration::from_secs(2));
    metrics.record(Kind::Put, None, Duration::from_secs(70));
    metrics.refused(Code::Busy);
    metrics.batch(Shape { operations: 3, way: Way::Logged });
    metrics.batch(Shape { operations: 100, way: Way::Unlogged });
    let mut snapshot = metrics.snapshot();
    snapshot.in_flight = 7;
    snapshot.report = Report {
        caches: vec![
            Cache { name: "created_at", hits: 3, misses: 1, entries: 2 },
            Cache { name: "namespaces", hits: 0, misses: 4, entries: 0 },
        ],
        breakers: vec![Breaker {
            name: "cluster",
            state: BreakerState::Open,
            opened: 2,
            rejected: 9,
            failures: 10,
        }],
        rate_limit: Some(RateLimit { waited: 4, waited_us: 1_500_000, refused: 5 }),
        retries: Some(Retries { attempts: 6, succeeded: 4, exhausted: 1 }),
        pool: Some(Pool { connections: Some(12), nodes_up: 2, nodes: 3 }),
        refreshes_dropped: 8,
        counters: vec![Number { name: "cluster_requests", help: "Requests sent.", value: 11 }],
        gauges: vec![Number { name: "open_things", help: "Things\nthat \\ are open.", value: 13 }],
    };
    snapshot
}

/// Reads a page as a scraper does; every line must have come through.
fn scrape(text: &str) -> Scrape {
    assert!(text.ends_with('\n'), "the last line must end, too");
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("a page");
    let values = text.lines().filter(|line| !line.starts_with('#')).count();
    let read = scrape.samples.iter().map(|sample| match &sample.value {
        Value::Histogram(buckets) => buckets.len(),
        _ => 1,
    });
    assert_eq!(read.sum::<usize>(), values, "lines that the parser understood");
    scrape
}

fn number(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits = |sample: &&Sample| {
        sample.metric == name
            && sample.labels.len() == labels.len()
            && labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
    };
    match scrape.samples.iter().find(fits).map(|sample| &sample.value) {
        Some(Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value)) => *value,
        other => panic!("{name} {labels:?}: {other:?}"),
    }
}

/// The buckets of a histogram, by their bounds, with the samples `_sum` and `_count`.
fn histogram(text: &str, name: &str, label: &str) -> (Vec<(f64, f64)>, f64, f64) {
    let mut buckets = Vec::new();
    let (mut sum, mut count) = (f64::NAN, f64::NAN);
    for line in text.lines().filter(|line| line.starts_with(name) && line.contains(label)) {
        let value: f64 = line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a value");
        let rest = &line[name.len()..];
        if rest.starts_with("_bucket") {
            let bound = rest.split("le=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a bound");
            buckets.push((bound.parse().expect("a number or +Inf"), value));
        } else if rest.starts_with("_sum") {
            sum = value;
        } else if rest.starts_with("_count") {
            count = value;
        }
    }
    (buckets, sum, count)
}

#[test]
fn an_independent_parser_reads_every_line() {
    let mut several = full();
    several.report = Report::default();
    for snapshot in [full(), several, Metrics::new().snapshot()] {
        for options in [PLAIN, LEGACY, Options { store: Some("a"), ..LEGACY }] {
            scrape(&expose(&snapshot, &options));
        }
    }
}

#[test]
fn the_figures_are_those_of_the_snapshot() {
    let text = expose(&full(), &PLAIN);
    let page = scrape(&text);
    let get = [("operation", "get")];
    assert_eq!(number(&page, "lgstore_operations_total", &get), 1_000.0);
    let put = [("operation", "put"), ("code", "timeout")];
    assert_eq!(number(&page, "lgstore_operation_errors_total", &put), 1.0);
    assert_eq!(number(&page, "lgstore_requests_refused_total", &[("code", "busy")]), 1.0);
    assert_eq!(number(&page, "lgstore_requests_in_flight", &[]), 7.0);
    for (way, count) in [("logged", 1.0), ("unlogged", 1.0), ("concurrent", 0.0)] {
        assert_eq!(number(&page, "lgstore_batches_total", &[("way", way)]), count);
    }
    assert_eq!(number(&page, "lgstore_cache_hits_total", &[("cache", "created_at")]), 3.0);
    assert_eq!(number(&page, "lgstore_cache_misses_total", &[("cache", "namespaces")]), 4.0);
    assert_eq!(number(&page, "lgstore_breaker_state", &[("breaker", "cluster")]), 2.0);
    assert_eq!(number(&page, "lgstore_breaker_rejected_total", &[("breaker", "cluster")]), 9.0);
    for (name, value) in [
        ("lgstore_rate_limit_waited_total", 4.0),
        ("lgstore_rate_limit_waited_seconds_total", 1.5),
        ("lgstore_rate_limit_refused_total", 5.0),
        ("lgstore_retries_total", 6.0),
        ("lgstore_retries_succeeded_total", 4.0),
        ("lgstore_retries_exhausted_total", 1.0),
        ("lgstore_pool_connections", 12.0),
        ("lgstore_pool_nodes_up", 2.0),
        ("lgstore_pool_nodes", 3.0),
        ("lgstore_refreshes_dropped_total", 8.0),
        ("lgstore_cluster_requests_total", 11.0),
        ("lgstore_open_things", 13.0),
    ] {
        assert_eq!(number(&page, name, &[]), value, "{name}");
    }
    assert!(text.contains("# HELP lgstore_open_things Things\\nthat \\\\ are open.\n"), "{text}");
    assert!(!text.contains("scylladb_"), "founding names only where asked for");
}

#[test]
fn histograms_grow_to_their_count() {
    let text = expose(&full(), &PLAIN);
    let (get, sum, count) = histogram(&text, "lgstore_operation_duration_seconds", "operation=\"get\"");
    assert_eq!(get.len(), LATENCY_BOUNDS.len() + 1);
    assert!(get.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1), "{get:?}");
    assert_eq!(get.last(), Some(&(f64::INFINITY, 1_000.0)));
    assert_eq!(count, 1_000.0);
    assert!((sum - 0.500_5).abs() < 0.01, "{sum} seconds");
    // 1 to 1,000 us, one each: what is below a bound is the bound itself in us, within 3 %.
    for (bound, at_most) in get {
        let exact = (bound * 1e6).min(1_000.0).floor();
        assert!(at_most <= exact && at_most >= exact * 0.96 - 1.0, "{at_most} below {bound}, not {exact}");
    }
    let (put, _, _) = histogram(&text, "lgstore_operation_duration_seconds", "operation=\"put\"");
    assert_eq!(put[put.len() - 2..], [(60.0, 1.0), (f64::INFINITY, 2.0)], "70 s is above every bound");
    let (sizes, sum, count) = histogram(&text, "lgstore_batch_operations", "");
    assert_eq!((sum, count), (103.0, 2.0));
    let at_most = |bound: f64| sizes.iter().find(|(of, _)| *of == bound).map(|(_, count)| *count);
    assert_eq!((at_most(2.0), at_most(5.0), at_most(50.0)), (Some(0.0), Some(1.0), Some(1.0)));
    assert_eq!(at_most(100.0), Some(2.0), "a size at the bound is at most the bound");
}

#[test]
fn founding_names_are_an_option() {
    let page = scrape(&expose(&full(), &LEGACY));
    for (name, value) in [
        ("scylladb_store_queries_total", 1_002.0),
        ("scylladb_store_errors_total", 1.0),
        ("scylladb_store_batches_total", 2.0),
        ("scylladb_cache_hits_total", 3.0),
        ("scylladb_cache_misses_total", 5.0),
        ("scylladb_cache_hit_rate", 0.375),
    ] {
        assert_eq!(number(&page, name, &[]), value, "{name}");
    }
    assert!(number(&page, "scylladb_store_latency_ms", &[]) > 1.0);
    assert_eq!(number(&page, "scylladb_operations_total", &[("operation", "put")]), 2.0);
    assert_eq!(number(&page, "scylladb_errors_total", &[("operation", "put")]), 1.0);
    for (status, count) in [("success", 1.0), ("error", 1.0)] {
        let labels = [("operation", "put"), ("status", status)];
        assert_eq!(number(&page, "scylladb_requests_total", &labels), count);
    }
    for (percentile, ms) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        let seen = number(&page, "scylladb_latency_ms", &[("operation", "get"), ("percentile", percentile)]);
        assert!((seen - ms).abs() < ms / 30.0, "{percentile}: {seen}");
    }
    assert_eq!(number(&page, "scylladb_circuit_breaker_state", &[("name", "cluster")]), 2.0);
    assert!(page.samples.iter().any(|sample| sample.metric == "scylladb_latency_seconds"));
    // Nothing may be lost by asking for the founding names.
    assert_eq!(number(&page, "lgstore_operations_total", &[("operation", "get")]), 1_000.0);
}

#[test]
fn a_label_may_hold_anything() {
    let name = "a \"quoted\\ name\nof two lines, {x=\"1\"} é";
    let text = expose(&full(), &Options { store: Some(name), ..LEGACY });
    let escaped = "store=\"a \\\"quoted\\\\ name\\nof two lines, {x=\\\"1\\\"} é\"";
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.for_each(|line| assert!(line.contains(escaped), "{line}"));
}

/// What the format asks for and lenient readers pass over.
#[test]
fn families_are_whole_and_samples_single() {
    let text = expose(&full(), &LEGACY);
    let mut kinds = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut helped = "";
    let mut current = "";
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split(' ').next().expect("a name");
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of.split_once(' ').expect("name and type");
            assert_eq!(name, helped, "HELP and TYPE belong together");
            assert!(kinds.insert(name, kind).is_none(), "{name} stands twice");
            current = name;
        } else {
            let name = line.split(['{', ' ']).next().expect("a name");
            let suffix = name.strip_prefix(current).unwrap_or_else(|| panic!("{line} below {current}"));
            let histogram = kinds[current] == "histogram";
            assert!(histogram == ["_bucket", "_sum", "_count"].contains(&suffix), "{line}");
            assert!(histogram || suffix.is_empty(), "{line}");
            assert_eq!(kinds[current] == "counter", name.ends_with("_total"), "{line}");
            assert!(seen.insert(line.rsplit_once(' ').expect("a value").0), "{line} stands twice");
        }
    }
}
