mod cluster;
mod sources;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::schema::leaves;
use super::*;
use crate::error::{Code, Error};
use crate::store::operation::Kind;

/// Reads a text where the environment must not be looked at.
fn parse(text: &str) -> Result<Config, Error> {
    Config::parse_with(text, || -> Vec<_> { panic!("the environment was not asked for") })
}

fn parse_in(text: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    Config::parse_with(text, || environment.iter().map(|(name, text)| (name.into(), text.into())))
}

fn fails(parsed: Result<Config, Error>, code: Code, field: &str, message: &str) {
    let error = parsed.expect_err("refused");
    assert_eq!((error.code(), error.field().unwrap_or_default()), (code, field), "{error}");
    assert!(error.message().contains(message), "{:?} does not say {message:?}", error.message());
}

fn refused(text: &str, field: &str, message: &str) {
    fails(parse(text), Code::InvalidArg, field, message);
}

#[test]
fn an_empty_document_is_the_defaults_in_memory() {
    let config = parse("{}").expect("read");
    assert_eq!(config, Config::default());
    assert_eq!((config.engine_path(), config.timeout()), (None, None));
    assert_eq!(config.sweep_interval(), Some(Duration::from_secs(300)));
    assert_eq!((config.limits.value_bytes, config.limits.search_limit), (1_000_000, 100_000));
}

#[test]
fn every_field_is_read() {
    let document = r#" {"backend":"embedded","path":"/d/x.db","durability":"normal","indexes":["a","b.c"],
        "readers":8,"read_only":true,"ttl":{"default_ttl":1.5,"refresh_on_read":true,"refresh_slack":0,
        "sweep_interval":null},"limits":{"value_bytes":2000,"warn_value_bytes":1000,"key_bytes":10,
        "namespace_labels":3,"label_chars":4,"value_depth":5,"logged_batch_operations":6,
        "logged_batch_bytes":7,"warn_batch_operations":8,"search_limit":9,"inflight_operations":262144,
        "inflight_bytes":20000},"search":{"default_order":"updated_at desc","filter_paths":true,
        "page_size":11,"immediate_rows":0},"timeout":2.5,"immediate":false,"test_clock":true,
        "fault":{"delay_us":0},"from_env":false} "#;
    let config = parse(document).expect("read");
    assert_eq!(config.engine_path(), Some(Path::new("/d/x.db")));
    assert_eq!(config.durability, Durability::Normal);
    assert_eq!(config.indexes, ["a", "b.c"]);
    assert_eq!(
        (config.readers, config.read_only, config.immediate, config.test_clock),
        (8, true, false, true)
    );
    assert_eq!(config.timeout(), Some(Duration::from_millis(2_500)));
    assert_eq!(config.ttl.default_ttl, Some(1.5));
    assert_eq!(
        (config.ttl.refresh_on_read, config.ttl.refresh_slack, config.sweep_interval()),
        (true, 0.0, None)
    );
    assert_eq!(config.search.default_order, OrderName::UpdatedDesc);
    assert_eq!(
        (config.search.filter_paths, config.search.page_size, config.search.immediate_rows),
        (true, 11, 0)
    );
    let limits = config.limits.clone();
    assert_eq!(
        (limits.value_bytes, limits.inflight_operations, limits.inflight_bytes),
        (2_000, 262_144, 20_000)
    );
    // What is in force reads back as the same.
    assert_eq!(parse(&config.to_json()).expect("read back"), config);
    let written: Value = serde_json::from_str(&config.to_json()).expect("JSON");
    assert_eq!(written["limits"]["value_depth"], 5);
}

#[test]
fn unknown_fields_name_themselves_and_the_nearest() {
    refused(
        r#"{"durabilty":"full"}"#,
        "durabilty",
        "unknown field \"durabilty\"; did you mean \"durability\"?",
    );
    refused(r#"{"limits":{"valu_bytes":1}}"#, "limits.valu_bytes", "did you mean \"value_bytes\"?");
    refused(r#"{"ttl":{"Default_TTL":1}}"#, "ttl.Default_TTL", "did you mean \"default_ttl\"?");
    refused(r#"{"search_limit":1}"#, "search_limit", "did you mean \"limits.search_limit\"?");
    refused(r#"{"ttl":{"search_limits":1}}"#, "ttl.search_limits", "did you mean \"limits.search_limit\"?");
    refused(r#"{"quite_else":1}"#, "quite_else", "known are auth, backend, breaker, compression,");
    refused(r#"{"":1}"#, "", "unknown field");
    refused(&format!("{{\"{}\":1}}", "z".repeat(100_000)), &"z".repeat(100_000), "unknown field");
}

#[test]
fn wrong_types_and_ranges_say_what_is_wanted() {
    for (document, field, message) in [
        (
            r#"{"backend":"embeded"}"#,
            "backend",
            r#"must be "embedded" or "fault" or "cql", not "embeded"; did you mean "embedded"?"#,
        ),
        (r#"{"backend":null}"#, "backend", "must be \"embedded\""),
        (r#"{"durability":1}"#, "durability", "must be \"full\" or \"normal\", not 1"),
        (r#"{"path":""}"#, "path", "must be a string of 1 to 4096 characters or null, not \"\""),
        (r#"{"path":7}"#, "path", "must be a string"),
        (r#"{"path":"a\u0000b"}"#, "path", "NUL"),
        (r#"{"readers":0}"#, "readers", "must be an integer from 1 to 64, not 0"),
        (r#"{"readers":65}"#, "readers", "not 65"),
        (r#"{"readers":2.5}"#, "readers", "not 2.5"),
        (r#"{"readers":2.0}"#, "readers", "not 2.0"),
        (r#"{"readers":-1}"#, "readers", "not -1"),
        (r#"{"readers":99999999999999999999999}"#, "readers", "must be an integer"),
        (r#"{"readers":"4"}"#, "readers", "not \"4\""),
        (r#"{"readers":null}"#, "readers", "not null"),
        (r#"{"read_only":1}"#, "read_only", "must be true or false, not 1"),
        (r#"{"ttl":3600}"#, "ttl", "must be an object, not 3600"),
        (
            r#"{"ttl":{"default_ttl":0}}"#,
            "ttl.default_ttl",
            "must be a number above 0 up to 630720000 or null, not 0",
        ),
        (r#"{"ttl":{"default_ttl":-1}}"#, "ttl.default_ttl", "not -1"),
        (r#"{"ttl":{"default_ttl":630720000.5}}"#, "ttl.default_ttl", "not 630720000.5"),
        (
            r#"{"ttl":{"refresh_slack":0.91}}"#,
            "ttl.refresh_slack",
            "must be a number from 0 to 0.9, not 0.91",
        ),
        (
            r#"{"ttl":{"sweep_interval":0}}"#,
            "ttl.sweep_interval",
            "must be a number from 0.001 to 31536000 or null",
        ),
        (r#"{"timeout":0}"#, "timeout", "must be a number from 0.000001 to 86400 or null, not 0"),
        (
            r#"{"limits":{"inflight_operations":262145}}"#,
            "limits.inflight_operations",
            "from 1 to 262144, not 262145",
        ),
        (r#"{"limits":{"search_limit":0}}"#, "limits.search_limit", "must be an integer from 1"),
        (r#"{"limits":{"value_depth":1001}}"#, "limits.value_depth", "to 1000"),
        (r#"{"limits":[]}"#, "limits", "must be an object, not an array of 0"),
        (r#"{"indexes":"a"}"#, "indexes", "must be an array of at most 64 different strings, not \"a\""),
        (r#"{"indexes":["a","b","a"]}"#, "indexes", "different strings"),
        (r#"{"indexes":["a",""]}"#, "indexes[1]", "must be a string of 1 to 1024 characters"),
        (r#"{"indexes":["a",["b"]]}"#, "indexes[1]", "not an array of 1"),
        (
            r#"{"search":{"default_order":"updated_at dsc"}}"#,
            "search.default_order",
            "did you mean \"updated_at asc\"?",
        ),
        (r#"{"fault":{"fail_every":-1}}"#, "fault.fail_every", "must be an integer from 0, not -1"),
    ] {
        refused(document, field, message);
    }
}

#[test]
fn orders_are_named_as_in_requests() {
    use crate::store::order::Order;
    let names = schema()["$defs"]["OrderName"]["enum"].as_array().expect("names").clone();
    assert_eq!(names.len(), 9);
    for name in names {
        let config = parse(&json!({"search": {"default_order": name}}).to_string()).expect("read");
        assert_eq!(Some(config.search.default_order.into()), Order::parse(name.as_str().expect("text")));
    }
}

#[test]
fn the_ends_of_ranges_are_inside() {
    for (document, read) in [
        (r#"{"ttl":{"default_ttl":630720000}}"#, 630_720_000.0),
        (r#"{"ttl":{"default_ttl":6.3072e8}}"#, 630_720_000.0),
        (r#"{"ttl":{"default_ttl":1e-9}}"#, 1e-9),
    ] {
        assert_eq!(parse(document).expect("read").ttl.default_ttl, Some(read));
    }
    assert_eq!(parse(r#"{"timeout":0.000001}"#).expect("read").timeout(), Some(Duration::from_micros(1)));
    assert_eq!(parse(r#"{"readers":64}"#).expect("read").readers, 64);
}

#[test]
fn text_that_is_no_document_is_refused() {
    for text in ["{", "{\"a\":}", "{} {}", "{\"timeout\":1e999}", "{\"timeout\":NaN}", r#"{"path":"\ud800"}"#]
    {
        fails(parse(text), Code::Json, "", "is not JSON");
    }
    fails(parse(&format!("{{\"path\":{}", "[".repeat(10_000))), Code::Json, "", "recursion limit");
    for text in ["[]", "7", "null", "\"memory:\"", "x.db", "/data/x.db", "C:\\x.db"] {
        refused(text, "", "neither a JSON object nor a URL");
    }
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    refused(r#"{"readers":1,"readers":1}"#, "readers", "stands twice");
    refused(r#"{"limits":{"key_bytes":1,"key_bytes":2}}"#, "limits.key_bytes", "stands twice");
    refused(r#"{"indexes":[{},{"a":1,"a":1}]}"#, "indexes[1].a", "stands twice");
}

#[test]
fn fields_must_fit_together() {
    refused(r#"{"backend":"fault","path":"x"}"#, "path", "in memory only");
    refused(r#"{"fault":{"fail_every":2}}"#, "fault", "\"backend\":\"fault\"");
    refused(r#"{"read_only":true}"#, "read_only", "needs a file");
    refused(r#"{"read_only":true,"path":":memory:"}"#, "read_only", "needs a file");
    refused(
        r#"{"limits":{"inflight_bytes":999999}}"#,
        "limits.inflight_bytes",
        "limits.value_bytes (1000000)",
    );
    assert_eq!(parse(r#"{"path":":memory:"}"#).expect("read").engine_path(), None);
    let fault = parse(r#"{"backend":"fault","fault":{"fail_every":2}}"#).expect("read");
    assert_eq!((fault.backend, fault.fault.fail_every), (BackendName::Fault, 2));
}

#[test]
fn every_field_has_its_own_variable() {
    let names: BTreeSet<_> = leaves().iter().map(|(path, _)| path.replace('.', "_")).collect();
    assert_eq!(names.len(), leaves().len());
    assert!(!names.contains("config") && !names.contains("url"), "these two name whole documents");
}

/// The check understands these keywords and no others.
#[test]
fn the_schema_says_nothing_that_is_not_checked() {
    const CHECKED: [&str; 17] = [
        "$ref",
        "type",
        "enum",
        "oneOf",
        "const",
        "properties",
        "additionalProperties",
        "items",
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "maxProperties",
        "writeOnly",
    ];
    fn walk(node: &Value, path: &str) {
        for (keyword, value) in node.as_object().expect("a schema is an object") {
            match keyword.as_str() {
                "properties" | "$defs" => {
                    for (name, node) in value.as_object().expect("names") {
                        walk(node, &format!("{path}/{keyword}/{name}"));
                    }
                }
                "items" => walk(value, &format!("{path}/items")),
                "additionalProperties" if value.is_object() => walk(value, &format!("{path}/*")),
                "oneOf" => value.as_array().expect("variants").iter().for_each(|node| walk(node, path)),
                "description" | "default" | "title" | "$schema" => {}
                other => assert!(CHECKED.contains(&other), "{path}: {other}"),
            }
        }
        if node["type"] == "object" {
            let others = &node["additionalProperties"];
            assert!(*others == json!(false) || others.is_object() && node["properties"].is_null(), "{path}");
        }
    }
    walk(schema(), "");
}

#[test]
fn the_defaults_fit_the_schema() {
    let defaults: Value = serde_json::from_str(&Config::default().to_json()).expect("JSON");
    super::schema::check(super::schema::Node::root(), &defaults, "").expect("fits");
    assert_eq!(parse(&Config::default().to_json()).expect("read"), Config::default());
}

#[test]
fn limits_of_operations_name_operations() {
    let config = parse(
        r#"{"rate_limit":{"requests_per_minute":600,"operations":{"put":{"requests_per_minute":60,"burst":7},
            "get":{}}}}"#,
    )
    .expect("a configuration");
    let of = |kind| config.rate_limit.of(kind);
    assert_eq!((of(Kind::Search), of(Kind::Put), of(Kind::Get)), (Some((600, 60)), Some((60, 7)), None));
    assert_eq!(parse("{}").expect("the defaults").rate_limit.of(Kind::Put), None);
    let limit = |text: &str| format!(r#"{{"rate_limit":{text}}}"#);
    let place = |name: &str| format!("rate_limit.operations.{name}");
    for (text, field, message) in [
        (r#"{"operations":{"puts":{}}}"#, place("puts"), "did you mean \"put\"?"),
        (r#"{"operations":{"health":{}}}"#, place("health"), "these can have a limit: put, get,"),
        (
            r#"{"operations":{"put":{"requests_per_minute":0}}}"#,
            place("put.requests_per_minute"),
            "from 1 to",
        ),
        (r#"{"operations":{"put":{"burts":1}}}"#, place("put.burts"), "did you mean \"burst\"?"),
        (r#"{"algorithm":"sliding_window","burst":5}"#, "rate_limit.burst".into(), "has no burst"),
        (
            r#"{"algorithm":"sliding_window","operations":{"put":{"requests_per_minute":1,"burst":1}}}"#,
            place("put.burst"),
            "has no burst",
        ),
    ] {
        refused(&limit(text), &field, message);
    }
}

#[test]
fn a_breaker_is_there_on_clusters_only_unless_it_is_said() {
    let breaker = |text| parse(text).expect("a configuration").breaker;
    assert!(!breaker("{}").is_on(BackendName::Embedded));
    assert!(!breaker("{}").is_on(BackendName::Fault));
    assert!(breaker("{}").is_on(BackendName::Cql));
    assert!(breaker(r#"{"breaker":{"enabled":true}}"#).is_on(BackendName::Embedded));
    assert!(!breaker(r#"{"breaker":{"enabled":false}}"#).is_on(BackendName::Cql));
}
