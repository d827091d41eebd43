//! A node that says it has shards, as ScyllaDB does.

use serde_json::json;

use crate::frames::ServerError;
use crate::rig::{Cql, RATE_LIMIT, Rig, refuse};
use crate::store::put;

/// Reads and writes over a connection per shard. (The shards are not real: what this shows is that the
/// options are understood, and that nothing of Apache Cassandra's is taken for granted.)
#[test]
fn a_node_with_shards_gets_a_connection_to_each() {
    let rig = Rig::sharded(3);
    let store = rig.store(&json!({}));
    for index in 0..12 {
        store.put(&format!("s{index}"), "a", index);
        assert_eq!(store.number(&format!("s{index}"), "a"), Some(index));
    }
    let found = store.ask("search", &json!({"namespace_prefix": ["faults"], "limit": 100}));
    assert_eq!(found["items"].as_array().unwrap().len(), 12);
    assert_eq!(store.ask("put_if_absent", &put("s0", "b", 1))["applied"], true);
    let info = store.ask("cluster_info", &json!({}));
    assert_eq!(info["is_shard_aware"], true, "{info}");
    let stats: Vec<_> = info["shard_stats"].as_object().expect("nodes").values().collect();
    assert_eq!(stats, [&json!({"shards": 3})], "{info}");
    assert!(rig.connections() >= 4, "a connection per shard and the one for control");
    // ScyllaDB's own error for too many requests of one partition.
    let error = ServerError::new(RATE_LIMIT, &[&[1, 1]]);
    rig.rule(rig.runs_in(Cql::Put, "s0"), refuse(error));
    let error = store.refused("put", &put("s0", "a", 1));
    assert_eq!((&error["code"], &error["retryable"]), (&json!("overloaded"), &json!(true)), "{error}");
    assert_eq!(error["may_have_applied"], false);
}
