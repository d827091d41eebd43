//! Passwords and certificates, on a cluster that asks for both.

use serde_json::{Value, json};

use crate::cluster::Secure;
use crate::forward::Forwarder;
use crate::place::{Store, merge, says};

/// A configuration with everything right but these options.
fn store(options: Value) -> Store {
    let secure = Secure::get();
    let mut config = json!({
        "backend": "cql", "contact_points": secure.contact_points, "keyspace": "lgstore_open_secure",
        "connect": {"deadline": 60},
        "auth": {"username": secure.username, "password": secure.password},
        "tls": {
            "enabled": true, "ca_file": secure.file("ca.pem"),
            "cert_file": secure.file("client.pem"), "key_file": secure.file("client.key"),
        },
    });
    merge(&mut config, options);
    Store::new(&config)
}

#[test]
fn a_store_opens_with_password_and_certificate() {
    for version in ["1.2", "1.3"] {
        let store = store(json!({"tls": {"min_version": version}}));
        store.ask("put", json!({"namespace": ["a"], "key": "k", "value": {"v": version}}));
        assert_eq!(store.ask("get", json!({"namespace": ["a"], "key": "k"}))["value"], json!({"v": version}));
    }
}

#[test]
fn a_wrong_password_is_said_and_never_shown() {
    let store = store(json!({"auth": {"password": "wr0ng-s3cret"}}));
    let error = store.request("open", &json!({})).expect_err("refused");
    assert!(!error.to_string().contains("wr0ng"), "{error}");
    assert_eq!((&error["code"], &error["retryable"]), (&json!("unauthorized"), &json!(false)));
    says(&store.refused("open", json!({})), "unauthorized", "auth", &["refuses the user name or password"]);
}

#[test]
fn a_missing_password_is_asked_for() {
    let store = store(json!({"auth": {"username": null, "password": null}}));
    says(&store.refused("open", json!({})), "unauthorized", "auth", &["set auth.username and auth.password"]);
}

#[test]
fn a_stranger_is_not_trusted() {
    let store = store(json!({"tls": {"ca_file": Secure::get().file("stranger-ca.pem")}}));
    says(&store.refused("open", json!({})), "unauthorized", "tls.ca_file", &["not trusted", "tls.ca_file"]);
    // Nor without a look at the name.
    let options =
        json!({"tls": {"ca_file": Secure::get().file("stranger-ca.pem"), "verify_hostname": false}});
    says(&self::store(options).refused("open", json!({})), "unauthorized", "tls.ca_file", &["not trusted"]);
}

#[test]
fn the_cluster_does_not_trust_a_stranger() {
    let none = store(json!({"tls": {"cert_file": null, "key_file": null}}));
    let words = ["does not accept this client's certificate"];
    says(&none.refused("open", json!({})), "unauthorized", "tls.cert_file", &words);
    let secure = Secure::get();
    let stranger = json!({"cert_file": secure.file("stranger.pem"), "key_file": secure.file("stranger.key")});
    says(
        &store(json!({"tls": stranger})).refused("open", json!({})),
        "unauthorized",
        "tls.cert_file",
        &words,
    );
}

#[test]
fn a_port_that_expects_tls_says_so() {
    let tls = json!({"enabled": false, "ca_file": null, "cert_file": null, "key_file": null});
    let error = store(json!({"tls": tls, "connect": {"deadline": 3}})).refused("open", json!({}));
    says(&error, "unavailable", "tls.enabled", &["set tls.enabled"]);
}

/// A stock server can't store an expiry after 2038; that is found out when the store opens.
#[test]
fn the_longest_time_to_live_is_the_servers() {
    let store = self::store(json!({}));
    let most = store.ask("cluster_info", json!({}))["max_ttl"].as_u64().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(most + now <= 2_147_483_647 && most + now > 2_147_483_000, "{most}");
    let put = |ttl: u64| json!({"namespace": ["ttl"], "key": "k", "value": {}, "ttl": ttl});
    store.ask("put", put(most - 1_000));
    let error = store.refused("put", put(most + 1_000));
    says(&error, "invalid_arg", "ttl", &["2038"]);
    let store = self::store(json!({"ttl": {"default_ttl": most + 1_000}}));
    says(
        &store.refused("open", json!({})),
        "invalid_arg",
        "ttl.default_ttl",
        &["2038", "storage_compatibility_mode"],
    );
}

/// A certificate for another address: the node is reached through a forwarder.
#[test]
fn a_certificate_must_name_the_address() {
    let forwarder = Forwarder::reserve(&Secure::get().contact_points[0]);
    forwarder.listen(&Secure::get().contact_points[0]);
    let point = forwarder.address();
    let error = store(json!({"contact_points": [point]})).refused("open", json!({}));
    let words = ["not for the address", "tls.verify_hostname"];
    says(&error, "unauthorized", "tls.verify_hostname", &words);
    store(json!({"contact_points": [point], "tls": {"verify_hostname": false}})).ask("open", json!({}));
}
