//! Warm-up, health, what the cluster says of itself, and a store that opens before its cluster.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::contact_points;
use crate::forward::Forwarder;
use crate::place::{Place, says};

#[test]
fn a_warm_store_has_answered_nothing_new() {
    let place = Place::new();
    let store = place.store(json!({}));
    assert_eq!(store.ask("warmup", json!({})), Value::Null);
    assert_eq!(store.ask("list_namespaces", json!({}))["namespaces"], json!([]), "nothing was written");
    let error = store.refused("backup", json!({"path": "x"}));
    says(&error, "unsupported", "", &["nodetool snapshot"]);
}

#[test]
fn the_cluster_says_what_it_is() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"namespace_buckets": 3}}));
    let info = store.ask("cluster_info", json!({}));
    assert_eq!(
        (&info["backend"], &info["schema_version"], &info["namespace_buckets"]),
        (&json!("cql"), &json!(1), &json!(3))
    );
    let version: Vec<String> = place.cql("SELECT release_version FROM system.local");
    let nodes: Vec<std::net::IpAddr> = place.cql("SELECT rpc_address FROM system.local");
    let here: Vec<String> = place.cql("SELECT data_center FROM system.local");
    let datacenters = info["datacenters"].as_object().unwrap();
    let all: Vec<_> = datacenters.values().flat_map(|nodes| nodes.as_array().unwrap()).collect();
    assert_eq!(info["pool"]["nodes"], json!(all.len()));
    assert_eq!(info["pool"]["nodes_up"], json!(all.len()));
    let one = datacenters[&here[0]].as_array().unwrap();
    let address = nodes[0].to_string();
    assert!(one.iter().any(|node| node["address"].as_str().unwrap().starts_with(&address)), "{info}");
    assert!(all.iter().all(|node| node["up"] == true && node["host_id"].is_string()), "{info}");
    assert!(info["rtt_ms"].as_f64().unwrap() > 0.0);
    if info["server"] == "cassandra" {
        assert_eq!(info["server_version"], json!(version[0]));
        assert_eq!((&info["is_shard_aware"], &info["shard_stats"]), (&json!(false), &json!({})));
    } else {
        assert_eq!(info["is_shard_aware"], true);
        assert_eq!(info["shard_stats"].as_object().unwrap().len(), all.len());
    }
}

#[test]
fn health_has_a_check_for_each_part() {
    let place = Place::new();
    let store = place.store(json!({}));
    let health = store.ask("health", json!({}));
    assert_eq!(health["status"], "healthy", "{health}");
    let checks = health["checks"].as_object().unwrap();
    let names = |checks: &serde_json::Map<String, Value>| checks.keys().cloned().collect::<Vec<_>>();
    for name in ["cluster_connectivity", "schema", "read"] {
        assert_eq!(checks[name]["status"], "healthy", "{health}");
    }
    assert!(!names(checks).contains(&"write".to_owned()), "by default it only reads");
    assert_eq!(place.meta("health"), None);
    let health = store.ask("health", json!({"write": true}));
    assert_eq!(
        (&health["status"], &health["checks"]["write"]["status"]),
        (&json!("healthy"), &json!("healthy"))
    );
    assert!(place.meta("health").is_some());

    place.cql::<String>("UPDATE {ks}.store_meta SET value = '9' WHERE name = 'schema_version'");
    let health = store.ask("health", json!({}));
    assert_eq!(
        (&health["status"], &health["checks"]["schema"]["status"]),
        (&json!("unhealthy"), &json!("unhealthy"))
    );
}

#[test]
fn health_is_an_answer_also_without_a_cluster() {
    let place = Place::new();
    let store = place.store(json!({"contact_points": ["127.0.0.1:1"], "connect": {"deadline": 0.5}}));
    let health = store.ask("health", json!({}));
    assert_eq!(health["status"], "unhealthy", "{health}");
    let message = health["checks"]["cluster_connectivity"]["message"].as_str().unwrap();
    assert!(message.contains("127.0.0.1:1"), "{message}");
}

#[test]
fn a_lazy_store_opens_before_its_cluster() {
    let place = Place::new();
    place.store(json!({})).ask("open", json!({}));
    let forwarder = Forwarder::reserve(&contact_points()[0]);
    let options = json!({
        "contact_points": [forwarder.address()], "connect": {"lazy": true, "max_backoff": 0.2},
    });
    let store = place.store(options);
    let begun = Instant::now();
    assert_eq!(store.ask("open", json!({})), Value::Null);
    let get = json!({"namespace": ["a"], "key": "k"});
    says(&store.refused("get", get.clone()), "unavailable", "contact_points", &["can be reached"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "it does not wait for the deadline of opening");
    forwarder.listen(&contact_points()[0]);
    // It comes back by itself: nothing is asked of it but its counters.
    let limit = Instant::now() + Duration::from_secs(60);
    while !store.is_connected() {
        assert!(Instant::now() < limit, "it did not reconnect");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(store.ask("get", get), Value::Null);
}

#[test]
fn a_lazy_store_does_not_hide_what_waiting_does_not_change() {
    let place = Place::new();
    let store = place.store(json!({"connect": {"lazy": true}, "local_datacenter": "nowhere"}));
    says(&store.refused("open", json!({})), "invalid_arg", "local_datacenter", &["nowhere"]);
}
