//! count and delete_prefix.

use serde_json::json;

use crate::place::Place;

#[test]
fn delete_prefix_removes_what_count_counts() {
    let place = Place::new();
    let store = place.store(json!({"search": {"page_size": 10}}));
    for n in 0..60 {
        store.put(&["d", &format!("n{}", n % 3)], &format!("k{n}"), json!({"n": n}));
    }
    store.put(&["d2"], "k", json!({"n": 1}));
    let some = json!({"namespace_prefix": ["d"], "filter": {"n": {"$lt": 15}}});
    assert_eq!(store.ask("count", some.clone()), 15);
    assert_eq!(store.ask("delete_prefix", some.clone()), 15);
    assert_eq!(store.ask("count", some), 0);
    let all = json!({"namespace_prefix": ["d"]});
    assert_eq!(store.ask("count", all.clone()), 45);
    assert_eq!(store.ask("delete_prefix", all.clone()), 45);
    assert_eq!(store.ask("delete_prefix", all.clone()), 0);
    assert_eq!(store.search(all), [""; 0]);
    assert_eq!(store.list(json!({})), ["d2"]);
}

/// What this store knew of a deleted item's birth is forgotten with it.
#[test]
fn a_put_after_delete_prefix_is_a_new_item() {
    let place = Place::new();
    let store = place.store(json!({}));
    let item = || store.ask("get", json!({"namespace": ["d"], "key": "k"}));
    store.put(&["d"], "k", json!({"life": 1}));
    let first = item();
    assert_eq!(store.ask("delete_prefix", json!({"namespace_prefix": ["d"]})), 1);
    assert_eq!(item(), json!(null));
    store.put(&["d"], "k", json!({"life": 2}));
    let second = item();
    assert_eq!(second["value"], json!({"life": 2}));
    assert!(second["created_at"].as_str() > first["updated_at"].as_str(), "{first} {second}");
}

/// Rows whose write time is ahead of this process's clock go too.
#[test]
fn a_row_from_the_future_is_deleted_too() {
    let place = Place::new();
    let store = place.store(json!({}));
    store.put(&["d"], "a", json!({}));
    let ahead =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() + 30_000_000;
    place.cql::<i32>(&format!(
        "UPDATE {{ks}}.store USING TIMESTAMP {ahead} SET value = '{{\"x\":1}}' WHERE prefix = 'd' AND key = 'a'"
    ));
    assert_eq!(store.ask("delete_prefix", json!({"namespace_prefix": ["d"]})), 1);
    assert_eq!(store.ask("count", json!({"namespace_prefix": ["d"]})), 0);
}
