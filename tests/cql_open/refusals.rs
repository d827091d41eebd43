//! What is said when a store can't open: each error names its cause and what to do.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::contact_points;
use crate::place::{Place, Store, says};

#[test]
fn no_node_is_up() {
    let place = Place::new();
    let points = json!(["127.0.0.1:1", "127.0.0.1:2", "no-such-host.invalid"]);
    let store = place.store(json!({"contact_points": points, "connect": {"deadline": 1}}));
    let begun = Instant::now();
    let error = store.request("open", &json!({})).expect_err("refused");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!((&error["code"], &error["field"]), (&json!("unavailable"), &json!("contact_points")));
    assert_eq!((&error["retryable"], &error["may_have_applied"]), (&json!(true), &json!(false)));
    let message = error["message"].as_str().unwrap();
    for words in ["contact_points", "127.0.0.1:1: ", "127.0.0.1:2: ", "no-such-host.invalid:9042: "] {
        assert!(message.contains(words), "{message}");
    }
    let details = error["details"]["contact_points"].as_array().unwrap();
    assert_eq!(details.len(), 3);
    assert_eq!(details[0]["address"], "127.0.0.1:1");
    assert!(details[0]["error"].as_str().unwrap().contains("refused"), "{error}");
    // Every operation that opens says the same.
    let error = store.refused("get", json!({"namespace": ["a"], "key": "k"}));
    says(&error, "unavailable", "contact_points", &["no node of the cluster can be reached"]);
}

#[test]
fn one_contact_point_that_answers_is_enough() {
    let place = Place::new();
    let points = json!(["127.0.0.1:1", contact_points()[0]]);
    place.store(json!({"contact_points": points})).ask("open", json!({}));
}

#[test]
fn the_keyspace_is_wrong() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"create": false}}));
    let error = store.refused("open", json!({}));
    says(&error, "not_found", "keyspace", &[&place.keyspace, "is the name right?", "schema.create"]);
}

#[test]
fn the_data_centre_is_wrong() {
    let place = Place::new();
    let error = place.store(json!({"local_datacenter": "nowhere"})).refused("open", json!({}));
    says(&error, "invalid_arg", "local_datacenter", &["no data centre \"nowhere\"", "it has \""]);
}

#[test]
fn the_schema_is_newer_than_the_library() {
    let place = Place::new();
    place.store(json!({})).ask("open", json!({}));
    place.cql::<String>("UPDATE {ks}.store_meta SET value = '7' WHERE name = 'schema_version'");
    let store = place.store(json!({}));
    let words = ["schema version 7", "up to 1", "newer version of the library"];
    says(&store.refused("open", json!({})), "conflict", "", &words);
    says(&store.refused("migrate", json!({"to": 1})), "conflict", "", &words);
    assert_eq!(place.meta("schema_version").as_deref(), Some("7"), "left alone");
    place.cql::<String>("UPDATE {ks}.store_meta SET value = 'x' WHERE name = 'schema_version'");
    says(&store.refused("open", json!({})), "corrupt", "", &["\"x\" for schema_version"]);
}

#[test]
fn the_table_is_somebody_elses() {
    let place = Place::new();
    place.make(&["CREATE TABLE {ks}.store (id int PRIMARY KEY, value text)"]);
    let error = place.store(json!({})).refused("open", json!({}));
    says(&error, "conflict", "keyspace", &["\"store\"", "not this library's", "another keyspace"]);
    assert_eq!(place.columns(), ["store.id", "store.value"], "left alone");
}

#[test]
fn the_port_speaks_no_tls() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, include_str!("ca.pem")).unwrap();
    let error = place.store(json!({"tls": {"enabled": true, "ca_file": ca}})).refused("open", json!({}));
    says(&error, "invalid_arg", "tls.enabled", &["don't speak TLS"]);
}

#[test]
fn a_file_is_missing() {
    let place = Place::new();
    let error =
        place.store(json!({"tls": {"enabled": true, "ca_file": "/no/such.pem"}})).refused("open", json!({}));
    says(&error, "not_found", "tls.ca_file", &["/no/such.pem"]);
}

#[test]
fn a_store_that_failed_to_open_opens_later() {
    let place = Place::new();
    let store = place.store(json!({"schema": {"create": false}}));
    store.refused("open", json!({}));
    place.store(json!({})).ask("open", json!({}));
    store.ask("open", json!({}));
    let other = Store::new(&place.config(json!({})));
    other.ask("put", json!({"namespace": ["a"], "key": "k", "value": {}}));
    assert!(store.ask("get", json!({"namespace": ["a"], "key": "k"})).is_object());
}
