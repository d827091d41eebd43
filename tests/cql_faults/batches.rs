//! Batches of which a part fails: each operation says what became of it, and nothing is swallowed.

use scylla_proxy::RequestRule;
use serde_json::{Value, json};

use crate::frames::ServerError;
use crate::rig::{Cql, Rig, first, refuse};

fn op(op: &str, place: &str, key: &str) -> Value {
    let mut body = json!({"op": op, "namespace": ["faults", place], "key": key});
    if op == "put" {
        body["value"] = json!({"n": 2});
    }
    body
}

/// `null` for success, the error's code otherwise, for each operation.
fn codes(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|result| result["error"]["code"].as_str().unwrap_or("null")).collect()
}

#[test]
fn each_group_fails_for_itself() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    for place in ["b-a", "b-b", "b-c", "b-d", "b-e", "b-f", "b-g"] {
        beside.put(place, "1", 1);
    }
    let rules = vec![
        RequestRule(rig.runs_in(Cql::Put, "b-b"), refuse(ServerError::write_timeout("UNLOGGED_BATCH"))),
        RequestRule(rig.runs_in(Cql::Delete, "b-c"), refuse(ServerError::unavailable())),
        RequestRule(rig.runs_in(Cql::Register, "b-d"), refuse(ServerError::plain(0x1001))),
        RequestRule(rig.runs_in(Cql::BirthMany, "b-e"), refuse(ServerError::plain(0x2100))),
        RequestRule(rig.runs_in(Cql::GetMany, "b-f"), refuse(ServerError::plain(0x1002))),
        RequestRule(rig.runs_in(Cql::Get, "b-g"), refuse(ServerError::plain(0x0000))),
    ];
    rig.rules(0, rules, vec![]);
    let ops = json!([
        op("put", "b-a", "1"),
        op("put", "b-b", "1"),
        op("put", "b-b", "2"),
        op("delete", "b-c", "1"),
        op("put", "b-d", "1"),
        op("put", "b-d", "2"),
        op("put", "b-e", "1"),
        op("delete", "b-e", "2"),
        op("get", "b-f", "1"),
        op("get", "b-f", "2"),
        op("get", "b-g", "1"),
        op("get", "b-a", "1"),
    ]);
    let answer = store.ask("batch", &json!({"ops": ops}));
    let expected = [
        "null",
        "unknown_outcome",
        "unknown_outcome",
        "unavailable",
        "overloaded",
        "overloaded",
        "unauthorized",
        "null",
        "unavailable",
        "unavailable",
        "backend",
        "null",
    ];
    assert_eq!(codes(&answer), expected, "{answer}");
    for (index, result) in answer["results"].as_array().unwrap().iter().enumerate() {
        let Some(error) = result.get("error") else { continue };
        assert_eq!(error["may_have_applied"], expected[index] == "unknown_outcome", "{index}: {error}");
        assert!(error["details"]["cause"].is_string(), "{index}: {error}");
    }
    assert_eq!(answer["results"][11]["result"]["value"]["n"], 1, "reads see what was before");
    // What succeeded is stored, the rest is as it was.
    let stored = |place| beside.number(place, "1");
    let places = ["b-a", "b-b", "b-c", "b-d", "b-e"].map(stored);
    assert_eq!(places, [Some(2), Some(1), Some(1), Some(1), Some(1)]);
    assert_eq!(beside.number("b-d", "2"), None);
}

#[test]
fn only_the_puts_that_need_a_read_fail_with_it() {
    let rig = Rig::new();
    let store = rig.store(&json!({}));
    store.put("b-known", "1", 1);
    rig.rule(rig.runs_in(Cql::BirthMany, "b-known"), refuse(ServerError::unavailable()));
    let ops = json!([op("put", "b-known", "1"), op("put", "b-known", "2")]);
    let answer = store.ask("batch", &json!({"ops": ops}));
    assert_eq!(codes(&answer), ["null", "unavailable"], "{answer}");
    assert_eq!(store.number("b-known", "1"), Some(2));
    assert_eq!(store.number("b-known", "2"), None);
}

/// More operations of one partition than one request holds: the groups fail one by one.
#[test]
fn a_part_of_a_partition_may_fail() {
    let rig = Rig::new();
    let store = rig.store(&json!({"limits": {"unlogged_batch_operations": 2}}));
    let puts = |place: &str| -> Value { (0..6).map(|key| op("put", place, &key.to_string())).collect() };
    store.ask("batch", &json!({"ops": puts("b-split")}));
    let sent = rig.runs_in(Cql::Put, "b-split");
    rig.rule(first(1, sent), refuse(ServerError::write_timeout("UNLOGGED_BATCH")));
    let answer = store.ask("batch", &json!({"ops": puts("b-split")}));
    let codes = codes(&answer);
    assert_eq!(codes.iter().filter(|code| **code == "unknown_outcome").count(), 2, "{answer}");
    assert_eq!(codes.iter().filter(|code| **code == "null").count(), 4, "{answer}");
}

#[test]
fn a_sequential_batch_goes_on_behind_a_failure() {
    let rig = Rig::new();
    let store = rig.store(&json!({}));
    store.put("b-seq", "1", 1);
    rig.rule(first(1, rig.runs_in(Cql::Put, "b-seq")), refuse(ServerError::unavailable()));
    let ops = json!([
        op("put", "b-seq", "1"),
        op("get", "b-seq", "1"),
        op("put", "b-seq", "1"),
        op("get", "b-seq", "1")
    ]);
    let answer = store.ask("batch", &json!({"ops": ops, "mode": "sequential"}));
    assert_eq!(codes(&answer), ["unavailable", "null", "null", "null"], "{answer}");
    assert_eq!(answer["results"][1]["result"]["value"]["n"], 1);
    assert_eq!(answer["results"][3]["result"]["value"]["n"], 2);
    assert_eq!(answer["results"][0]["error"]["details"]["operation"], "put");
}

/// All or nothing: a write of a logged batch that can't be prepared for leaves all of it undone.
#[test]
fn a_logged_batch_is_not_begun_when_a_part_can_not_be() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    for (statement, code) in [(Cql::Register, "overloaded"), (Cql::BirthMany, "overloaded")] {
        let places = [format!("b-log-{statement:?}-1"), format!("b-log-{statement:?}-2")];
        rig.rule(rig.runs_in(statement, &places[1]), refuse(ServerError::plain(0x1001)));
        let ops =
            json!([op("put", &places[0], "1"), op("put", &places[1], "1"), op("delete", &places[0], "2")]);
        let error = store.refused("batch", &json!({"ops": ops, "atomicity": "logged"}));
        assert_eq!((&error["code"], &error["may_have_applied"]), (&json!(code), &json!(false)), "{error}");
        assert_eq!(places.map(|place| beside.number(&place, "1")), [None, None]);
    }
    assert_eq!(store.errors("overloaded"), 2);
}
