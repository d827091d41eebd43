//! The schema goes forward and back, and takes over the founding guide's table.

use serde_json::{Value, json};

use crate::place::{Place, says};
use crate::schema::COLUMNS;

/// As the founding guide makes it.
const GUIDE: &str = "CREATE TABLE {ks}.store (prefix text, key text, value text, created_at timestamp, \
                     updated_at timestamp, PRIMARY KEY (prefix, key)) \
                     WITH compaction = {'class': 'TimeWindowCompactionStrategy'} AND gc_grace_seconds = 86400";
const GUIDE_COLUMNS: [&str; 5] =
    ["store.created_at", "store.key", "store.prefix", "store.updated_at", "store.value"];

fn guide() -> Place {
    let place = Place::new();
    place.make(&[
        GUIDE,
        "INSERT INTO {ks}.store (prefix, key, value, created_at, updated_at) \
         VALUES ('users.alice', 'k1', '{\"n\": 1}', 1000, 2000)",
        "INSERT INTO {ks}.store (prefix, key, value, created_at, updated_at) \
         VALUES ('cache', 'k2', '{\"n\": 2}', 3000, 4000) USING TTL 1000",
        // No namespace of ours: an empty label.
        "INSERT INTO {ks}.store (prefix, key, value) VALUES ('a..b', 'k3', '{}')",
    ]);
    place
}

#[test]
fn the_guides_table_is_taken_over() {
    let place = guide();
    let store = place.store(json!({}));
    assert_eq!(store.ask("list_namespaces", json!({}))["namespaces"], json!([["cache"], ["users", "alice"]]));
    let item = store.ask("get", json!({"namespace": ["users", "alice"], "key": "k1"}));
    assert_eq!((&item["value"], &item["version"]), (&json!({"n": 1}), &Value::Null));
    assert_eq!(item["created_at"], json!("1970-01-01T00:00:01.000000Z"), "{item}");
    let found = store.ask("search", json!({"namespace_prefix": []}));
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(place.columns(), COLUMNS);
    // The guide's options stay.
    let grace: Vec<i32> = place.cql(
        "SELECT gc_grace_seconds FROM system_schema.tables WHERE keyspace_name = '{ks}' AND table_name = 'store'",
    );
    assert_eq!(grace, [86_400]);
    store.ask("put", json!({"namespace": ["users", "alice"], "key": "k1", "value": {"n": 3}}));
    let item = store.ask("get", json!({"namespace": ["users", "alice"], "key": "k1"}));
    assert_eq!(item["created_at"], json!("1970-01-01T00:00:01.000000Z"), "a put keeps it: {item}");
}

#[test]
fn without_create_the_guides_table_is_only_named() {
    let place = guide();
    let store = place.store(json!({"schema": {"create": false}}));
    let error = store.refused("get", json!({"namespace": ["cache"], "key": "k2"}));
    let words = ["column \"version\" in \"store\"", "table \"store_namespaces\"", "migrate", "schema.create"];
    says(&error, "conflict", "keyspace", &words);
    assert_eq!(place.columns(), GUIDE_COLUMNS, "nothing was changed");

    // A dry run says what a real one does.
    let would = store.ask("migrate", json!({"dry_run": true}));
    assert_eq!((&would["from"], &would["to"], &would["dry_run"]), (&json!(0), &json!(1), &json!(true)));
    let steps: Vec<_> =
        would["steps"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    assert!(steps.iter().any(|step| step.ends_with("ADD version uuid")), "{steps:?}");
    assert!(steps.iter().any(|step| step.starts_with("rebuild store_namespaces")), "{steps:?}");
    assert_eq!(place.columns(), GUIDE_COLUMNS, "nothing was changed");
    let did = store.ask("migrate", json!({}));
    assert_eq!((&did["steps"], &did["dry_run"]), (&would["steps"], &json!(false)));
    assert_eq!(place.columns(), COLUMNS);
    assert_eq!(store.ask("get", json!({"namespace": ["cache"], "key": "k2"}))["value"], json!({"n": 2}));
    assert_eq!(store.ask("migrate", json!({})), Value::Null, "there is nothing to do");
    assert_eq!(store.ask("migrate", json!({"dry_run": true, "to": 1})), Value::Null);
}

#[test]
fn the_way_back_keeps_the_items() {
    let place = Place::new();
    let store = place.store(json!({}));
    store.ask("put", json!({"namespace": ["a", "b"], "key": "k", "value": {"n": 1}}));
    let before = store.ask("get", json!({"namespace": ["a", "b"], "key": "k"}));
    let back = store.ask("migrate", json!({"to": 0}));
    assert_eq!((&back["from"], &back["to"]), (&json!(1), &json!(0)));
    drop(store);
    let meta = ["store_meta.name", "store_meta.value"];
    assert_eq!(place.columns(), [&GUIDE_COLUMNS[..], &meta].concat());
    assert_eq!(place.meta("schema_version").as_deref(), Some("0"));

    let store = place.store(json!({"schema": {"create": false}}));
    let error = store.refused("open", json!({}));
    says(&error, "conflict", "keyspace", &["column \"version\"", "migrate"]);
    drop(store);

    let store = place.store(json!({"schema": {"namespace_buckets": 2}}));
    let after = store.ask("get", json!({"namespace": ["a", "b"], "key": "k"}));
    assert_eq!(after["value"], before["value"]);
    assert_eq!(after["created_at"].as_str().unwrap()[..23], before["created_at"].as_str().unwrap()[..23]);
    assert_eq!(store.ask("list_namespaces", json!({}))["namespaces"], json!([["a", "b"]]));
    assert_eq!(place.meta("namespace_buckets").as_deref(), Some("2"));
}

#[test]
fn a_version_that_there_is_not_is_refused() {
    let place = Place::new();
    let store = place.store(json!({}));
    says(&store.refused("migrate", json!({"to": 2})), "invalid_arg", "to", &["from 0 to 1, not 2"]);
    says(&store.refused("migrate", json!({"to": -1})), "invalid_arg", "to", &["at least 0"]);
    says(&store.refused("migrate", json!({"dry": true})), "invalid_arg", "dry", &["did you mean `dry_run`?"]);
    assert_eq!(place.columns(), Vec::<String>::new());
}
