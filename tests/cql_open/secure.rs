//! Passwords and certificates, on a cluster that asks for both.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::cluster::Secure;
use crate::place::{Store, merge, says};

/// A configuration with everything right but these options.
fn store(options: Value) -> Store {
    let secure = Secure::get();
    let mut config = json!({
        "backend": "cql", "contact_points": secure.contact_points, "keyspace": "lgstore_open_secure",
        "connect": {"deadline": 5},
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
    let error = store(json!({"tls": tls, "connect": {"deadline": 1}})).refused("open", json!({}));
    says(&error, "unavailable", "tls.enabled", &["set tls.enabled"]);
}

/// A certificate for another address: the node is reached through a forwarder.
#[test]
fn a_certificate_must_name_the_address() {
    let point = forwarder(&Secure::get().contact_points[0]);
    let error = store(json!({"contact_points": [point]})).refused("open", json!({}));
    let words = ["not for the address", "tls.verify_hostname"];
    says(&error, "unauthorized", "tls.verify_hostname", &words);
    store(json!({"contact_points": [point], "tls": {"verify_hostname": false}})).ask("open", json!({}));
}

/// An address that no certificate names, and that leads to `to`. Ends with the process.
fn forwarder(to: &str) -> String {
    let listener = TcpListener::bind("127.77.0.1:0").expect("a loopback address");
    let (at, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(&to).expect("the node");
            pour(near.try_clone().unwrap(), far.try_clone().unwrap());
            pour(far, near);
        }
    });
    at
}

fn pour(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
