//! list_namespaces shows what holds a live item, and nothing else.

use serde_json::json;

use crate::place::{Place, until};

#[test]
fn namespaces_without_items_vanish_and_come_back() {
    let place = Place::new();
    let store = place.store(json!({}));
    store.put(&["gone"], "k", json!({}));
    store.put(&["here"], "k", json!({}));
    store.ask("put", json!({"namespace": ["short"], "key": "k", "value": {}, "ttl": 1}));
    store.put(&["here", "below"], "k", json!({}));
    assert_eq!(store.list(json!({})), ["gone", "here", "here/below", "short"]);
    store.delete(&["gone"], "k");
    until("expiry", || !store.list(json!({})).contains(&"short".to_owned()));
    assert_eq!(store.list(json!({})), ["here", "here/below"]);
    assert_eq!(place.index(), ["gone", "here", "here/below", "short"], "young rows stay in the index");
    store.put(&["gone"], "k", json!({}));
    assert_eq!(store.list(json!({})), ["gone", "here", "here/below"]);
}

/// Prefix and suffix conditions, wildcards, depth, offset, limit and cursor, inside a batch too.
#[test]
fn conditions_hold_in_a_batch_too() {
    let place = Place::new();
    let store = place.store(json!({}));
    for (tenant, area) in [("t1", "docs"), ("t1", "mail"), ("t2", "docs"), ("t3", "mail")] {
        store.put(&[tenant, area, "v1"], "k", json!({}));
    }
    let conditions =
        json!([{"match_type": "prefix", "path": ["*", "docs"]}, {"match_type": "suffix", "path": ["v1"]}]);
    assert_eq!(store.list(json!({"match_conditions": conditions})), ["t1/docs/v1", "t2/docs/v1"]);
    assert_eq!(store.list(json!({"max_depth": 1})), ["t1", "t2", "t3"]);
    assert_eq!(store.list(json!({"max_depth": 1, "offset": 1, "limit": 1})), ["t2"]);
    let first = store.ask("list_namespaces", json!({"max_depth": 2, "limit": 3}));
    let next = json!({"max_depth": 2, "limit": 3, "cursor": first["cursor"]});
    assert_eq!(store.list(next), ["t3/mail"]);
    let ops = json!([
        {"op": "list_namespaces", "match_conditions": conditions},
        {"op": "search", "namespace_prefix": ["t1"]},
        {"op": "count", "namespace_prefix": []},
    ]);
    let answer = store.ask("batch", json!({"ops": ops}));
    let names = &answer["results"][0]["result"]["namespaces"];
    assert_eq!(*names, json!([["t1", "docs", "v1"], ["t2", "docs", "v1"]]), "{answer}");
    assert_eq!(answer["results"][1]["result"]["items"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(answer["results"][2]["result"], 4, "{answer}");
}

/// A row that conditional writes or other programs have left without a value is no item.
#[test]
fn rows_without_a_value_do_not_count() {
    let place = Place::new();
    let store = place.store(json!({}));
    store.put(&["n"], "zz", json!({}));
    for number in 0..40 {
        place.cql::<i32>(&format!("INSERT INTO {{ks}}.store (prefix, key) VALUES ('n', 'k{number:02}')"));
    }
    assert_eq!(store.list(json!({})), ["n"], "the live item comes after forty rows without a value");
    assert_eq!(store.search(json!({"namespace_prefix": ["n"], "limit": 1})), ["n:zz"]);
    assert_eq!(store.ask("count", json!({"namespace_prefix": ["n"]})), 1);
    store.delete(&["n"], "zz");
    assert_eq!(store.list(json!({})), [""; 0]);
    assert_eq!(store.search(json!({"namespace_prefix": []})), [""; 0]);
    assert_eq!(store.ask("count", json!({"namespace_prefix": []})), 0);
}

/// One label that holds very many namespaces is listed once, without looking at each.
#[test]
fn merged_namespaces_are_jumped_over() {
    let place = Place::new();
    let store = place.store(json!({}));
    place.insert((0..3_000).map(|n| (format!("big.{n:04}"), "k".into(), "{}".into())));
    place.insert(["after", "big", "zoo"].into_iter().map(|name| (name.into(), "k".into(), "{}".into())));
    assert_eq!(store.ask("reindex", json!({})), 3_003);
    let before = store.counter("namespace_looks");
    assert_eq!(store.list(json!({"max_depth": 1})), ["after", "big", "zoo"]);
    let looks = store.counter("namespace_looks") - before;
    assert!(looks < 100, "{looks} looks for three names");
}
