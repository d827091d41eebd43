//! Scopes end where labels end.

use serde_json::json;

use crate::place::Place;

/// A prefix is labels, not text: the mistake that shows one tenant's memories to another.
#[test]
fn a_prefix_never_sees_a_longer_label() {
    let (place, all) = (Place::new(), json!({"namespace_prefix": ["users"]}));
    let store = place.store(json!({}));
    for namespace in
        [&["users"][..], &["users", "a"], &["users2"], &["users2", "a"], &["users\u{1}"], &["user"]]
    {
        store.put(namespace, "k", json!({"n": 1}));
    }
    let own = ["users:k", "users/a:k"];
    assert_eq!(store.search(all.clone()), own);
    assert_eq!(
        store.search(json!({"namespace_prefix": ["users"], "order": "key desc"})),
        ["users/a:k", "users:k"]
    );
    for order in ["updated_at", "created_at"] {
        assert_eq!(store.search(json!({"namespace_prefix": ["users"], "order": order})), own, "{order}");
    }
    assert_eq!(store.ask("count", all.clone()), 2);
    let prefix = json!({"match_conditions": [{"match_type": "prefix", "path": ["users"]}]});
    assert_eq!(store.list(prefix), ["users", "users/a"]);
    assert_eq!(store.ask("delete_prefix", all.clone()), 2);
    assert_eq!(store.search(all), [""; 0]);
    let root = json!({"namespace_prefix": []});
    assert_eq!(store.search(root), ["user:k", "users\u{1}:k", "users2:k", "users2/a:k"]);
}

/// The order is by labels and code points: `a` and all below it, then `a-b`, although `-` sorts before
/// the dot that the partition keys are joined by.
#[test]
fn the_order_is_by_labels() {
    let place = Place::new();
    let store = place.store(json!({}));
    let paths: [&[&str]; 8] =
        [&["a"], &["a", "b"], &["a", "z"], &["a\u{1}"], &["a b"], &["a-b"], &["a/b"], &["ä"]];
    for path in paths.iter().rev() {
        store.put(path, "k", json!({}));
        store.put(path, "", json!({}));
    }
    let names: Vec<String> = paths.iter().map(|path| path.join("/")).collect();
    assert_eq!(store.list(json!({})), names);
    let up: Vec<String> = names.iter().flat_map(|name| [format!("{name}:"), format!("{name}:k")]).collect();
    let down: Vec<String> = up.iter().rev().cloned().collect();
    assert_eq!(store.search(json!({"namespace_prefix": [], "limit": 100})), up);
    assert_eq!(store.search(json!({"namespace_prefix": [], "limit": 100, "order": "key desc"})), down);
    for (order, wanted) in [("key", &up), ("key desc", &down)] {
        let mut body = json!({"namespace_prefix": [], "limit": 3, "order": order});
        let mut seen = Vec::new();
        loop {
            let answer = store.ask("search", body.clone());
            seen.extend(crate::place::places(&answer));
            let Some(cursor) = answer.get("cursor") else { break };
            body["cursor"] = cursor.clone();
        }
        assert_eq!(&seen, wanted, "{order}, page by page");
    }
}

/// The whole store can be searched, counted and listed.
#[test]
fn the_empty_prefix_is_everything() {
    let place = Place::new();
    let store = place.store(json!({}));
    assert_eq!(store.search(json!({"namespace_prefix": []})), [""; 0]);
    store.put(&["b", "c"], "k", json!({"n": 1}));
    store.put(&["a"], "k", json!({"n": 2}));
    assert_eq!(store.search(json!({"namespace_prefix": []})), ["a:k", "b/c:k"]);
    assert_eq!(store.search(json!({"namespace_prefix": [], "filter": {"n": 1}})), ["b/c:k"]);
    assert_eq!(store.ask("count", json!({"namespace_prefix": []})), 2);
    assert_eq!(store.list(json!({})), ["a", "b/c"]);
}

/// A store made with nothing said of replication can be written on the nodes that there are.
#[test]
fn a_keyspace_fits_the_cluster_it_is_made_on() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"replication": {"factor": null}}}));
    store.put(&["a"], "k", json!({}));
    assert_eq!(store.search(json!({"namespace_prefix": []})), ["a:k"]);
    let text =
        format!("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{}'", place.keyspace);
    let options: Vec<std::collections::HashMap<String, String>> = place.cql(&text);
    assert!(options[0]["class"].ends_with("NetworkTopologyStrategy"), "{options:?}");
}
