//! Connections that break, before and after the server has done its part, and how a store gets well.

use scylla_proxy::{Condition, Reaction, RequestOpcode, RequestReaction, RequestRule, ResponseReaction};
use serde_json::{Value, json};

use crate::rig::{Cql, Rig, first, results, seen};
use crate::store::{Store, get, put, until};

/// Waits until the driver has its connections again. Meanwhile every request is refused as surely not done.
fn recover(store: &Store) {
    until("a new connection", || match store.finish(store.start("get", &get("r-well", "a"))).said {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error["code"], "unavailable", "{error}");
            assert_eq!((&error["retryable"], &error["may_have_applied"]), (&json!(true), &json!(false)));
            false
        }
    });
}

fn broken(error: &Value, code: &str) {
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["may_have_applied"], code == "unknown_outcome", "{error}");
    assert_eq!(error["retryable"], code != "unknown_outcome", "{error}");
    // The driver may have looked for another connection, and found none.
    let cause = error["details"]["cause"].as_str().unwrap();
    assert!(["broken_connection", "no_connection"].contains(&cause), "{error}");
}

#[test]
fn a_connection_that_breaks_before_the_server_leaves_nothing() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    let ops = [
        ("get", Cql::Get, get("r-get", "a"), "unavailable"),
        ("put", Cql::Put, put("r-put", "a", 2), "unknown_outcome"),
        ("delete", Cql::Delete, get("r-delete", "a"), "unknown_outcome"),
        ("put_if_absent", Cql::PutIfAbsent, put("r-absent", "b", 2), "unknown_outcome"),
        // Before the item is touched: surely nothing.
        ("put", Cql::Birth, put("r-birth", "a", 2), "unavailable"),
        ("put", Cql::Register, put("r-register", "b", 2), "unavailable"),
    ];
    for (op, statement, body, code) in ops {
        let place = body["namespace"][1].as_str().unwrap();
        if !matches!(statement, Cql::Register) {
            beside.put(place, "a", 1);
        }
        rig.rule(first(1, rig.runs_in(statement, place)), RequestReaction::drop_connection());
        broken(&store.refused(op, &body), code);
        recover(&store);
        let left = (!matches!(statement, Cql::Register)).then_some(1);
        assert_eq!(beside.number(place, "a"), left, "{op} {statement:?}");
        assert_eq!(beside.number(place, "b"), None, "{op} {statement:?}");
        // The same request, now that the connection is whole.
        store.ask(op, &body);
    }
    assert_eq!(store.errors("unknown_outcome"), 3);
}

#[test]
fn a_connection_that_breaks_after_the_server_leaves_the_write() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    store.put("r-after", "a", 1);
    store.put("r-after", "b", 1);
    let cut = || rig.answer_rule(first(1, results()), ResponseReaction::drop_connection());
    cut();
    broken(&store.refused("put", &put("r-after", "a", 2)), "unknown_outcome");
    recover(&store);
    cut();
    broken(&store.refused("delete", &get("r-after", "b")), "unknown_outcome");
    recover(&store);
    cut();
    broken(&store.refused("put_if_absent", &put("r-after", "c", 2)), "unknown_outcome");
    recover(&store);
    cut();
    broken(&store.refused("get", &get("r-after", "a")), "unavailable");
    recover(&store);
    assert_eq!(beside.number("r-after", "a"), Some(2));
    assert_eq!(beside.number("r-after", "b"), None);
    assert_eq!(beside.number("r-after", "c"), Some(2));
}

/// Everything is cut while a hundred writes are under way, three times.
#[test]
fn what_is_acknowledged_survives_and_what_is_refused_is_not_there() {
    const MANY: i64 = 100;
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    let place = |index: i64| format!("r-many{index:03}");
    let known: Vec<_> = (0..MANY).map(|index| store.start("put", &put(&place(index), "a", 0))).collect();
    for sent in known {
        assert_eq!(store.finish(sent).said, Ok(Value::Null));
    }
    let mut stored = vec![vec![0]; MANY as usize];
    for round in 1..=3 {
        let cut = rig.runs_in(Cql::Put, &place(MANY / 2));
        rig.rule(first(1, cut), RequestReaction::drop_connection());
        let sent: Vec<_> =
            (0..MANY).map(|index| store.start("put", &put(&place(index), "a", round))).collect();
        let mut failed = 0;
        for (sent, stored) in sent.into_iter().zip(&mut stored) {
            match store.finish(sent).said {
                Ok(_) => *stored = vec![round],
                Err(error) if error["may_have_applied"] == true => {
                    assert_eq!(error["code"], "unknown_outcome", "{error}");
                    stored.push(round);
                    failed += 1;
                }
                Err(error) => {
                    assert_eq!(error["code"], "unavailable", "{error}");
                    failed += 1;
                }
            }
        }
        assert!(failed > 0, "nothing was cut");
        recover(&store);
    }
    for (index, stored) in (0..MANY).zip(&stored) {
        let number = beside.number(&place(index), "a").expect("an item");
        assert!(stored.contains(&number), "{index}: {number} is not one of {stored:?}");
    }
    // Well again: nothing fails any more.
    let sent: Vec<_> = (0..MANY).map(|index| store.start("put", &put(&place(index), "a", 9))).collect();
    for sent in sent {
        assert_eq!(store.finish(sent).said, Ok(Value::Null));
    }
    assert_eq!(beside.number(&place(MANY / 2), "a"), Some(9));
}

/// A node that swallows everything: the driver gives its connection up, and the store finds a new one.
#[test]
fn a_node_that_hangs_costs_its_requests_and_no_more() {
    const MANY: usize = 1_500;
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({"request_timeout": 2})), rig.direct());
    beside.put("r-well", "a", 1);
    let (greeting, mut greeted) = seen(RequestReaction::noop());
    let hangs = RequestRule(rig.runs_in(Cql::Get, "r-hang"), RequestReaction::drop_frame());
    let startup = RequestRule(Condition::RequestOpcode(RequestOpcode::Startup), greeting);
    rig.rules(0, vec![hangs, startup], vec![]);
    let body = get("r-hang", "a");
    let sent: Vec<_> = (0..MANY).map(|_| store.start("get", &body)).collect();
    for sent in sent {
        let error = store.finish(sent).said.expect_err("lost");
        // Those that the connection takes with it, when it is given up, are unavailable.
        assert!(["timeout", "unavailable"].contains(&error["code"].as_str().unwrap()), "{error}");
        assert_eq!(error["retryable"], true);
    }
    // The driver looks once a second for requests without an answer.
    until("the connection is given up for a new one", || !greeted.take().is_empty());
    recover(&store);
    assert_eq!(store.number("r-well", "a"), Some(1));
}
