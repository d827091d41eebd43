use super::*;

fn report(count: u64) -> Report {
    let mut report = Report {
        caches: vec![Cache { name: "created_at", hits: count, misses: 2 * count, entries: 5 }],
        breakers: vec![Breaker {
            name: "cluster",
            state: BreakerState::HalfOpen,
            opened: count,
            rejected: count,
            failures: count,
        }],
        rate_limit: Some(RateLimit { waited: count, waited_us: count, refused: count }),
        retries: Some(Retries { attempts: count, succeeded: count, exhausted: count }),
        pool: Some(Pool { connections: None, nodes_up: 1, nodes: 3 }),
        refreshes_dropped: count,
        ..Report::default()
    };
    report.count("requests", "Requests.", count);
    report.gauge("things", "Things.", 5);
    report
}

#[test]
fn since_subtracts_what_counts_and_keeps_what_is() {
    assert_eq!(report(10).since(&report(4)), report(6));
    assert_eq!(report(10).since(&Report::default()), report(10));
}

#[test]
fn a_part_that_was_made_anew_counts_from_zero() {
    assert_eq!(report(3).since(&report(100)), report(3));
}

#[test]
fn hit_rates_are_between_zero_and_one() {
    let cache = |hits, misses| Cache { name: "a", hits, misses, entries: 0 }.hit_rate();
    assert_eq!((cache(0, 0), cache(0, 5), cache(5, 0), cache(1, 3)), (0.0, 0.0, 1.0, 0.25));
    assert_eq!(cache(u64::MAX, u64::MAX), 0.5);
}
