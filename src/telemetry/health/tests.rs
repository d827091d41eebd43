use serde_json::{Value as Json, json};

use super::*;
use crate::error::{Code, Error};
use crate::telemetry::report::Breaker;

fn document(health: &Health) -> Json {
    serde_json::from_str(&health.to_json()).expect("JSON")
}

fn breaker(state: BreakerState) -> Report {
    let breaker = Breaker { name: "cluster", state, opened: 0, rejected: 0, failures: 0 };
    Report { breakers: vec![breaker], ..Report::default() }
}

#[test]
fn the_worst_check_is_the_status() {
    let mut health = Health::begin();
    assert_eq!(document(&health)["status"], "healthy", "nothing was wrong");
    health.outcome("engine", Ok("it \"answers\""));
    assert_eq!(
        document(&health)["checks"],
        json!({"engine": {"status": "healthy", "message": "it \"answers\""}})
    );
    health.check("nodes", Status::Degraded, "2 of 3 nodes are up");
    assert_eq!(document(&health)["status"], "degraded");
    health.outcome("write", Err::<String, _>(Error::new(Code::Full, "no space")));
    let full = document(&health);
    assert_eq!(
        (&full["status"], &full["checks"]["write"]["status"]),
        (&json!("unhealthy"), &json!("unhealthy"))
    );
    assert!(full["checks"]["write"]["message"].as_str().is_some_and(|text| text.contains("no space")));
    health.check("write", Status::Healthy, "again");
    let again = document(&health);
    assert_eq!(again["status"], "degraded");
    assert_eq!(again["checks"].as_object().map(|checks| checks.len()), Some(3), "one check per name");
    assert!(again["latency_ms"].as_f64().is_some_and(|ms| ms >= 0.0));
}

#[test]
fn a_breaker_is_a_check() {
    let mut none = Health::begin();
    none.breakers(&Report::default());
    assert_eq!(document(&none)["checks"], json!({}));
    for (state, status, text) in [
        (BreakerState::Closed, "healthy", "CLOSED"),
        (BreakerState::HalfOpen, "degraded", "HALF_OPEN"),
        (BreakerState::Open, "unhealthy", "OPEN"),
    ] {
        let mut health = Health::begin();
        health.breakers(&breaker(state));
        let document = document(&health);
        assert_eq!(document["status"], status);
        let check = &document["checks"]["circuit_breaker"];
        assert_eq!(
            (&check["status"], &check["message"]),
            (&json!(status), &json!(format!("cluster is {text}")))
        );
    }
}
