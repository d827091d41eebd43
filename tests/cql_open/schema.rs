//! What a store makes when it opens, and with which options.

use serde_json::json;

use crate::place::{Place, says};

pub const COLUMNS: [&str; 13] = [
    "store.created_at",
    "store.key",
    "store.prefix",
    "store.sub_ms",
    "store.ttl_seconds",
    "store.updated_at",
    "store.value",
    "store.version",
    "store_meta.name",
    "store_meta.value",
    "store_namespaces.bucket",
    "store_namespaces.path",
    "store_namespaces.seen_at",
];

#[test]
fn everything_is_made_once_and_found_again() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"namespace_buckets": 4}}));
    store.ask("open", json!({}));
    assert_eq!(place.columns(), COLUMNS);
    assert_eq!(place.meta("schema_version").as_deref(), Some("1"));
    assert_eq!(place.meta("namespace_buckets").as_deref(), Some("4"));
    assert_eq!(place.meta("migration_lock"), None, "the lock is given back");
    store.ask("put", json!({"namespace": ["a"], "key": "k", "value": {"n": 1}}));
    drop(store);
    // What was decided when the tables were made stays, whatever is wished now.
    let store = place.store(json!({"schema": {"namespace_buckets": 8, "create": false}}));
    assert_eq!(store.ask("get", json!({"namespace": ["a"], "key": "k"}))["value"], json!({"n": 1}));
    assert_eq!(store.ask("list_namespaces", json!({}))["namespaces"], json!([["a"]]));
    assert_eq!(place.meta("namespace_buckets").as_deref(), Some("4"));
}

#[test]
fn tables_have_the_options_that_were_asked_for() {
    let place = Place::new();
    let options = json!({"schema": {
        "compaction": "time_window", "compaction_options": {"compaction_window_unit": "DAYS"},
        "default_time_to_live": 864000, "replication": {"strategy": "simple", "factor": 1},
    }});
    place.store(options).ask("open", json!({}));
    let of = |table: &str, column: &str| {
        format!(
            "SELECT {column} FROM system_schema.tables WHERE keyspace_name = '{{ks}}' AND table_name = '{table}'"
        )
    };
    let compaction = |table: &str| {
        let found: Vec<std::collections::HashMap<String, String>> = place.cql(&of(table, "compaction"));
        let class = found[0]["class"].rsplit('.').next().unwrap().to_owned();
        (class, found[0].get("compaction_window_unit").cloned())
    };
    assert_eq!(compaction("store"), ("TimeWindowCompactionStrategy".into(), Some("DAYS".into())));
    assert_ne!(compaction("store_namespaces").0, "TimeWindowCompactionStrategy");
    assert_eq!(place.cql::<i32>(&of("store", "gc_grace_seconds")), [86_400]);
    assert_eq!(place.cql::<i32>(&of("store", "default_time_to_live")), [864_000]);
    let replication = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '{ks}'";
    let found: Vec<std::collections::HashMap<String, String>> = place.cql(replication);
    assert!(found[0]["class"].ends_with("SimpleStrategy"), "{found:?}");
}

#[test]
fn a_put_without_ttl_lives_for_ever_whatever_the_tables_default() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"default_time_to_live": 1000}}));
    store.ask("put", json!({"namespace": ["a"], "key": "k", "value": {}}));
    let ttl: Vec<Option<i32>> =
        place.cql("SELECT TTL(value) FROM {ks}.store WHERE prefix = 'a' AND key = 'k'");
    assert_eq!(ttl, [None]);
}

#[test]
fn more_copies_than_nodes_are_refused() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"replication": {"factor": 50}}}));
    let error = store.refused("open", json!({}));
    says(&error, "invalid_arg", "schema.replication.factor", &["must be at most", "data centre", "not 50"]);
    let store = place.store(json!({"schema": {"replication": {"datacenters": {"nowhere": 1}}}}));
    let error = store.refused("open", json!({}));
    says(&error, "invalid_arg", "schema.replication.datacenters.nowhere", &["no data centre"]);
    assert_eq!(place.columns(), Vec::<String>::new());
}
