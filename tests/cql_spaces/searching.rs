//! Searches: filters, orders, offsets, cursors, paging, refresh.

use serde_json::{Value, json};

use crate::place::{Place, Store, places};

/// Rows of one namespace and of many, read in pages smaller than the answer.
fn filled(store: &Store) {
    let mut ops = Vec::new();
    for n in 0..120 {
        let namespace = json!(["s", format!("n{}", n % 7)]);
        let value = json!({"n": n, "even": n % 2 == 0});
        ops.push(json!({"op": "put", "namespace": namespace, "key": format!("k{n:03}"), "value": value}));
    }
    let answer = store.ask("batch", json!({"ops": ops, "mode": "sequential"}));
    assert!(
        answer["results"].as_array().unwrap().iter().all(|result| result["result"] == Value::Null),
        "{answer}"
    );
}

fn every_page(store: &Store, mut body: Value) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let answer = store.ask("search", body.clone());
        seen.extend(places(&answer));
        let Some(cursor) = answer.get("cursor") else { return seen };
        body["cursor"] = cursor.clone();
    }
}

#[test]
fn pages_concatenate_in_every_order() {
    let place = Place::new();
    let store = place.store(json!({"search": {"page_size": 5}}));
    filled(&store);
    for order in ["key", "key desc", "updated_at", "updated_at desc", "created_at", "created_at desc"] {
        for filter in [json!({}), json!({"even": true}), json!({"n": {"$gte": 100}})] {
            let body = |limit: usize, offset: usize| json!({"namespace_prefix": ["s"], "filter": filter, "order": order, "limit": limit, "offset": offset});
            let whole = store.search(body(1_000, 0));
            let wanted = if filter == json!({}) {
                120
            } else if filter["even"] == true {
                60
            } else {
                20
            };
            assert_eq!(whole.len(), wanted, "{order} {filter}");
            assert_eq!(every_page(&store, body(7, 0)), whole, "{order} {filter}");
            for (limit, offset) in [(10, 3), (1, 17), (50, 11), (5, 119), (5, 500)] {
                let part: Vec<_> = whole.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(store.search(body(limit, offset)), part, "{order} {filter} {limit} {offset}");
            }
        }
    }
    let newest = store.search(json!({"namespace_prefix": ["s"], "order": "created_at desc", "limit": 2}));
    assert_eq!(newest.len(), 2);
}

/// With one order by time the answer is the newest, although the cluster gives rows by key.
#[test]
fn orders_by_time_are_the_times() {
    let place = Place::new();
    let store = place.store(json!({}));
    for (key, namespace) in [("c", "x"), ("a", "y"), ("b", "x")] {
        store.put(&["t", namespace], key, json!({}));
    }
    store.put(&["t", "x"], "c", json!({"again": true}));
    let search = |order: &str| store.search(json!({"namespace_prefix": ["t"], "order": order}));
    assert_eq!(search("created_at"), ["t/x:c", "t/y:a", "t/x:b"]);
    assert_eq!(search("updated_at"), ["t/y:a", "t/x:b", "t/x:c"]);
    assert_eq!(search("updated_at desc"), ["t/x:c", "t/x:b", "t/y:a"]);
}

/// An order that needs every match is refused above a number of rows, by name of what helps.
#[test]
fn an_order_by_time_has_a_limit() {
    let place = Place::new();
    let store = place.store(json!({"search": {"max_examined": 100}}));
    filled(&store);
    let body = json!({"namespace_prefix": ["s"], "order": "updated_at desc", "limit": 1});
    let error = store.refused("search", body);
    assert_eq!(error["field"], "order", "{error}");
    assert!(error["message"].as_str().unwrap().contains("order: key"), "{error}");
    let narrow = json!({"namespace_prefix": ["s", "n1"], "order": "updated_at desc", "limit": 1});
    assert_eq!(store.search(narrow).len(), 1);
    assert_eq!(store.search(json!({"namespace_prefix": ["s"], "limit": 1})).len(), 1);
}

/// Exactly the items that are shown get their whole time again.
#[test]
fn a_search_refreshes_what_it_shows() {
    let place = Place::new();
    let store = place.store(json!({}));
    for key in ["a", "b", "c"] {
        store.ask("put", json!({"namespace": ["r"], "key": key, "value": {}, "ttl": 100}));
    }
    let left = || -> Vec<i32> { place.cql("SELECT TTL(value) FROM {ks}.store WHERE prefix = 'r'") };
    crate::place::until("time passes", || left().iter().all(|ttl| *ttl <= 97));
    let body = json!({"namespace_prefix": ["r"], "limit": 1, "offset": 1, "refresh_ttl": true});
    assert_eq!(store.search(body), ["r:b"]);
    crate::place::until("the refresh", || left()[1] >= 99);
    let left = left();
    assert!(left[0] < 98 && left[2] < 98, "{left:?}");
}

/// An item whose time has run out is in no answer.
#[test]
fn what_has_expired_is_not_found() {
    let place = Place::new();
    let store = place.store(json!({}));
    store.ask("put", json!({"namespace": ["e"], "key": "a", "value": {}, "ttl": 2}));
    store.put(&["e"], "b", json!({}));
    assert_eq!(store.search(json!({"namespace_prefix": ["e"]})), ["e:a", "e:b"]);
    crate::place::until("expiry", || store.search(json!({"namespace_prefix": ["e"]})).len() == 1);
    for order in ["key", "key desc", "updated_at"] {
        assert_eq!(store.search(json!({"namespace_prefix": ["e"], "order": order})), ["e:b"]);
    }
    assert_eq!(store.ask("count", json!({"namespace_prefix": ["e"]})), 1);
    assert_eq!(store.ask("sweep", json!({})), 0, "the cluster reclaims by itself");
}
