//! Statements that a node does not know (any more).

use scylla_proxy::{
    Condition, Reaction, RequestOpcode, RequestReaction, RequestRule, ResponseOpcode, ResponseReaction,
    ResponseRule,
};
use serde_json::{Value, json};

use crate::frames::{ServerError, bound};
use crate::rig::{Cql, Rig, first, holds, refuse, seen};
use crate::store::{get, put};

fn batch(place: &str, atomicity: &str) -> Value {
    let op = |op, key: &str| json!({"op": op, "namespace": ["faults", place], "key": key, "value": {"n": 2}});
    let mut delete = op("delete", "c");
    delete.as_object_mut().unwrap().remove("value");
    json!({"ops": [op("put", "a"), op("put", "b"), delete], "atomicity": atomicity})
}

#[test]
fn a_statement_that_a_node_has_forgotten_is_prepared_again() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    let requests = [
        ("get", Cql::Get, get("u-get", "a")),
        ("put", Cql::Put, put("u-put", "a", 2)),
        ("put", Cql::Birth, put("u-birth", "a", 2)),
        ("put", Cql::Register, put("u-register", "a", 2)),
        ("delete", Cql::Delete, get("u-delete", "a")),
        ("put_if_absent", Cql::PutIfAbsent, put("u-absent", "new", 2)),
        ("batch", Cql::Put, batch("u-batch", "none")),
        ("batch", Cql::Delete, batch("u-logged", "logged")),
        ("search", Cql::Page, json!({"namespace_prefix": ["faults", "u-search"]})),
    ];
    for (op, statement, body) in requests {
        let place = body.get("ops").map_or(&body, |ops| &ops[0])["namespace"][1].as_str();
        let place = place.unwrap_or("u-search");
        beside.put(place, "a", 1);
        let id = rig.ids(statement).remove(0);
        let (forgets, mut forgotten) = seen(refuse(ServerError::unprepared(&id)));
        let (again, mut prepared) = seen(RequestReaction::noop());
        let rules = vec![
            RequestRule(first(1, rig.runs_in(statement, place)), forgets),
            RequestRule(Condition::RequestOpcode(RequestOpcode::Prepare), again),
        ];
        rig.rules(0, rules, vec![]);
        let answer = store.ask(op, &body);
        assert_eq!((forgotten.take().len(), prepared.take().len()), (1, 1), "{op} {statement:?}: {answer}");
        let stored = match op {
            "get" | "search" => Some(1),
            "delete" => None,
            "put_if_absent" => beside.number(place, "new").map(|new| new - 1),
            _ => Some(2),
        };
        assert_eq!(beside.number(place, "a"), stored, "{op} {statement:?}");
    }
    assert_eq!(store.metrics()["errors"], json!({}));
}

/// A node that forgets at once what it is told: an error, and nothing is stored.
#[test]
fn a_node_that_never_knows_a_statement_stores_nothing() {
    let rig = Rig::new();
    let (store, beside) = (rig.store(&json!({})), rig.direct());
    beside.put("u-never", "a", 1);
    let id = rig.ids(Cql::Put).remove(0);
    let (forgets, mut forgotten) = seen(refuse(ServerError::unprepared(&id)));
    rig.rule(rig.runs_in(Cql::Put, "u-never"), forgets);
    let error = store.refused("put", &put("u-never", "a", 2));
    assert_eq!((&error["code"], &error["may_have_applied"]), (&json!("backend"), &json!(false)), "{error}");
    assert_eq!(error["details"]["cause"], "unprepared");
    let met = forgotten.take();
    assert_eq!(met.len(), 2, "once again after it was prepared");
    assert_eq!(bound(&met[0]), bound(&met[1]));
    // It refuses to prepare: that is the error then.
    let (refuses, _) = seen(refuse(ServerError::plain(0x2100)));
    let rules = vec![
        RequestRule(rig.runs_in(Cql::Put, "u-never"), refuse(ServerError::unprepared(&id))),
        RequestRule(Condition::RequestOpcode(RequestOpcode::Prepare), refuses),
    ];
    rig.rules(0, rules, vec![]);
    let error = store.refused("put", &put("u-never", "a", 2));
    assert_eq!(
        (&error["code"], &error["may_have_applied"]),
        (&json!("unauthorized"), &json!(false)),
        "{error}"
    );
    rig.heal();
    assert_eq!(beside.number("u-never", "a"), Some(1));
    store.put("u-never", "a", 3);
    assert_eq!(beside.number("u-never", "a"), Some(3));
}

/// Somebody adds a column, and the server forgets every statement on the table.
#[test]
fn a_change_of_the_table_is_not_noticed() {
    let rig = Rig::new();
    let store = rig.store(&json!({}));
    let unprepared = Condition::ResponseOpcode(ResponseOpcode::Error).and(holds(&0x2500_i32.to_be_bytes()));
    for (number, change) in (2..).zip(["ADD more text", "WITH comment = 'x'", "DROP more"]) {
        store.put("u-change", "a", 1);
        rig.cql::<i64>(&format!("ALTER TABLE {{ks}}.store {change}"));
        let (reaction, mut met) = seen(ResponseReaction::noop());
        rig.rules(0, vec![], vec![ResponseRule(unprepared.clone(), reaction)]);
        store.put("u-change", "a", number);
        assert_eq!(store.number("u-change", "a"), Some(number), "{change}");
        store.ask("batch", &batch("u-change", "none"));
        let current = store.ask("put_if_absent", &put("u-change", "a", 9))["current"].clone();
        assert_eq!(current["value"]["n"], 2, "{change}");
        let found = store.ask("search", &json!({"namespace_prefix": ["faults", "u-change"]}));
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{change}: {found}");
        if !change.starts_with("WITH") {
            assert!(!met.take().is_empty(), "{change}: the server has forgotten nothing");
        }
    }
    assert_eq!(store.metrics()["errors"], json!({}));
}
