//! The circuit breaker before a cluster that fails: only what speaks of the cluster's health opens it.

use scylla_proxy::{Reaction, RequestReaction};
use serde_json::json;

use crate::frames::ServerError;
use crate::rig::{Cql, Rig, refuse, seen};
use crate::store::{get, until};

#[test]
fn failures_open_the_breaker_and_refusals_do_not() {
    let rig = Rig::new();
    let breaker = json!({"enabled": true, "failure_threshold": 3, "success_threshold": 1, "timeout": 3});
    let store = rig.store(&json!({"breaker": breaker}));
    store.put("g-item", "a", 1);
    let body = get("g-item", "a");
    // What the cluster refuses says that it is well.
    for code in [0x2200, 0x2100, 0x2200, 0x2100, 0x2200] {
        rig.rule(rig.runs_in(Cql::Get, "g-item"), refuse(ServerError::plain(code)));
        store.refused("get", &body);
    }
    assert_eq!(store.metrics()["breakers"]["cql"]["state"], "CLOSED");
    let (reaction, mut met) = seen(refuse(ServerError::unavailable()));
    rig.rule(rig.runs_in(Cql::Get, "g-item"), reaction);
    for _ in 0..3 {
        assert_eq!(store.refused("get", &body)["code"], "unavailable");
    }
    let error = store.refused("get", &body);
    assert_eq!(
        (&error["code"], &error["may_have_applied"]),
        (&json!("circuit_open"), &json!(false)),
        "{error}"
    );
    assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| ms <= 3_000), "{error}");
    assert_eq!(met.take().len(), 3, "nothing is sent while it is open");
    assert_eq!(store.metrics()["breakers"]["cql"]["state"], "OPEN");
    rig.heal();
    until("the breaker closes", || store.finish(store.start("get", &body)).said.is_ok());
    assert_eq!(store.metrics()["breakers"]["cql"]["state"], "CLOSED");
}

#[test]
fn what_hangs_beside_others_that_are_answered_does_not_open_it() {
    let rig = Rig::new();
    let breaker = json!({"enabled": true, "failure_threshold": 3});
    let store = rig.store(&json!({"breaker": breaker, "request_timeout": 3}));
    store.put("h-item", "a", 1);
    store.put("w-item", "a", 2);
    let (reaction, mut hung) = seen(RequestReaction::drop_frame());
    rig.rule(rig.runs_in(Cql::Get, "h-item"), reaction);
    let begun: Vec<_> = (0..6).map(|_| store.start("get", &get("h-item", "a"))).collect();
    let mut sent = 0;
    until("they are on their way", || {
        sent += hung.take().len();
        sent == begun.len()
    });
    assert_eq!(store.number("w-item", "a"), Some(2));
    for pending in begun {
        let error = store.finish(pending).said.expect_err("nobody answers");
        assert_eq!(error["code"], "timeout", "{error}");
    }
    assert_eq!(store.metrics()["breakers"]["cql"]["state"], "CLOSED");
    assert_eq!(store.number("w-item", "a"), Some(2));
}
