use std::sync::Barrier;
use std::thread;

use serde_json::Value;

use super::*;

fn microseconds(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn parsed(metrics: &Metrics) -> Value {
    serde_json::from_str(&metrics.snapshot().to_json()).expect("the snapshot is JSON")
}

#[test]
fn empty_metrics_have_no_operations_and_no_rate() {
    let json = parsed(&Metrics::new());
    assert_eq!(json["operations"], serde_json::json!({}));
    assert_eq!(json["total_operations"], 0);
    assert_eq!(json["error_rate"], 0.0);
    assert_eq!(json["latency_us"]["max"], 0.0);
    assert_eq!(json["in_flight"], 0);
}

#[test]
fn counts_and_percentiles_are_right_within_the_bucket_width() {
    let metrics = Metrics::new();
    for us in 1..=1_000 {
        metrics.record(Kind::Get, None, microseconds(us));
    }
    let snapshot = metrics.snapshot();
    let [(Kind::Get, get)] = &snapshot.operations[..] else { panic!("{snapshot:?}") };
    assert_eq!((get.count, get.errors), (1_000, 0));
    assert_eq!(get.max, microseconds(1_000), "the maximum is exact");
    for (seen, exact) in [(get.p50, 500.0), (get.p95, 950.0), (get.p99, 990.0), (get.mean, 500.5)] {
        let seen = seen.as_nanos() as f64 / 1_000.0;
        assert!((seen - exact).abs() <= exact / 32.0, "{seen} is not about {exact}");
    }
    assert_eq!(&snapshot.total, get);
}

#[test]
fn percentiles_never_exceed_the_maximum() {
    let metrics = Metrics::new();
    metrics.record(Kind::Put, None, Duration::from_nanos(1_000_001));
    let put = &metrics.snapshot().operations[0].1;
    assert_eq!((put.p50, put.p99, put.max), (put.max, put.max, Duration::from_nanos(1_000_001)));
    for nanoseconds in 1..10_000 {
        let metrics = Metrics::new();
        metrics.record(Kind::Put, None, Duration::from_nanos(nanoseconds));
        let put = &metrics.snapshot().operations[0].1;
        assert!(put.mean <= put.max, "{put:?}");
    }
}

#[test]
fn errors_count_by_code_and_in_the_rate() {
    let metrics = Metrics::new();
    for _ in 0..3 {
        metrics.record(Kind::Put, None, microseconds(5));
    }
    metrics.record(Kind::Put, Some(Code::Timeout), microseconds(9));
    metrics.refused(Code::Busy);
    metrics.refused(Code::Busy);
    let json = parsed(&metrics);
    assert_eq!(json["operations"]["put"]["count"], 4);
    assert_eq!(json["operations"]["put"]["errors"], 1);
    assert_eq!(json["errors"], serde_json::json!({"timeout": 1}));
    assert_eq!(json["refused"], serde_json::json!({"busy": 2}));
    assert_eq!(json["total_operations"], 4, "a refused request is not an operation");
    assert_eq!(json["total_errors"], 1);
    assert_eq!(json["error_rate"], 0.25);
}

#[test]
fn latencies_beyond_the_histogram_count_as_its_longest() {
    let metrics = Metrics::new();
    metrics.record(Kind::Search, None, Duration::from_secs(100_000));
    metrics.record(Kind::Search, None, Duration::MAX);
    metrics.record(Kind::Search, None, Duration::ZERO);
    let search = &metrics.snapshot().operations[0].1;
    assert_eq!(search.count, 3);
    assert_eq!(search.max, Duration::from_nanos(LONGEST_NS));
}

#[test]
fn many_threads_lose_nothing() {
    const THREADS: usize = 8;
    const EACH: usize = 5_000;
    let metrics = Metrics::new();
    let begun = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (metrics, begun) = (&metrics, &begun);
            scope.spawn(move || {
                begun.wait();
                let kind = Kind::ALL[thread % Kind::ALL.len()];
                for _ in 0..EACH {
                    metrics.record(kind, Some(Code::Busy), microseconds(1));
                }
            });
        }
    });
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.total.count as usize, THREADS * EACH);
    assert_eq!(snapshot.errors, [(Code::Busy, (THREADS * EACH) as u64)]);
}

#[test]
fn reset_starts_anew() {
    let metrics = Metrics::new();
    metrics.record(Kind::Get, Some(Code::Full), microseconds(1));
    metrics.refused(Code::Busy);
    metrics.reset();
    let snapshot = metrics.snapshot();
    assert!(snapshot.operations.is_empty() && snapshot.errors.is_empty() && snapshot.refused.is_empty());
    metrics.record(Kind::Get, None, microseconds(2));
    assert_eq!(metrics.snapshot().total.max, microseconds(2));
}

#[test]
fn every_kind_has_its_place() {
    let metrics = Metrics::new();
    for kind in Kind::ALL {
        metrics.record(kind, None, microseconds(u64::from(kind as u32)));
    }
    let json = parsed(&metrics);
    for kind in Kind::ALL {
        assert_eq!(json["operations"][kind.name()]["count"], 1, "{}", kind.name());
        assert_eq!(json["operations"][kind.name()]["latency_us"]["max"], f64::from(kind as u32));
    }
}
