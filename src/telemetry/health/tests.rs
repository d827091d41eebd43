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
        let check = json!({"status": status, "message": format!("cluster is {text}")});
        let mut health = Health::begin();
        health.breakers(&breaker(state));
        assert_eq!(document(&health)["status"], status);
        assert_eq!(document(&health)["checks"], json!({"circuit_breaker": check}));
        // The same, into a document that is finished.
        for (own, worst) in [(Status::Healthy, status), (Status::Unhealthy, "unhealthy")] {
            let mut health = Health::begin();
            health.check("cluster", own, "own");
            let whole = with_breakers(health.to_json(), &breaker(state));
            let whole: Json = serde_json::from_str(&whole).expect("JSON");
            assert_eq!(whole["status"], worst);
            assert_eq!(whole["checks"]["circuit_breaker"], check);
            assert_eq!(whole["checks"]["cluster"], json!({"status": own.text(), "message": "own"}));
            assert!(whole["latency_ms"].is_number());
        }
    }
}
