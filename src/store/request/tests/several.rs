//! Conditional writes and batches.

use super::*;

#[test]
fn conditional_writes() {
    let conditional = |kind, members: &str| {
        let body = format!(r#"{{"namespace":["n"],"key":"k",{members}}}"#);
        match ok(kind, &body) {
            Operation::Conditional(conditional) => *conditional,
            other => panic!("{body}: {other:?}"),
        }
    };
    let found = conditional(Kind::PutIfAbsent, r#""value":{},"ttl":1"#);
    assert!(matches!((found.condition, found.write), (Condition::Absent, Some((_, Some(1_000_000))))));
    let found = conditional(Kind::UpdateIfExists, r#""value":{"a":1}"#);
    assert!(matches!((found.condition, found.write), (Condition::Exists, Some((_, None)))));
    let found = conditional(Kind::CompareAndSet, r#""value":{},"expected_value":{"a":1}"#);
    assert!(matches!(found.condition, Condition::Value(value) if &*value.text == r#"{"a":1}"#));
    let version = r#""expected_version":"01890a5d-ac96-774b-bcce-b302099a8057""#;
    let found = conditional(Kind::DeleteIfValue, version);
    assert!(matches!((found.condition, found.write), (Condition::Version([0x01, 0x89, ..]), None)));
    for (kind, members, field, message) in [
        (Kind::PutIfAbsent, r#""value":null"#, "value", "put_if_absent writes a JSON object, not null"),
        (
            Kind::CompareAndSet,
            r#""value":{}"#,
            "expected_value",
            "one of `expected_value` and `expected_version`",
        ),
        (
            Kind::CompareAndSet,
            r#""value":{},"expected_value":null"#,
            "expected_value",
            "must be a JSON object",
        ),
        (Kind::DeleteIfValue, r#""expected_version":"1""#, "expected_version", "must be a version"),
        (
            Kind::DeleteIfValue,
            r#""expected_version":"01890a5dac96774bbcceb302099a8057""#,
            "expected_version",
            "must be a version",
        ),
        (Kind::DeleteIfExists, r#""value":{}"#, "value", "unknown field `value`"),
    ] {
        invalid(kind, &format!(r#"{{"namespace":["n"],"key":"k",{members}}}"#), field, message);
    }
    let both = format!(r#"{{"namespace":["n"],"key":"k","expected_value":{{}},{version}}}"#);
    invalid(Kind::DeleteIfValue, &both, "expected_version", "only one of");
}

#[test]
fn batches() {
    let body = r#"{"ops":[{"op":"put","namespace":["n"],"key":"a","value":{"op":"x"}},
        {"key":"a","namespace":["n"],"op":"get"},{"namespace_prefix":[],"o\u0070":"search"},
        {"op":"delete","namespace":["n"],"key":"b"},{"op":"list_namespaces"},
        {"op":"count","namespace_prefix":[]},{"op":"put","namespace":["n"],"key":"a","value":null}],
        "mode":"sequential","max_retries":3,"retry_delay":0.5,"retry_backoff":2}"#;
    let Operation::Batch(batch) = ok(Kind::Batch, body) else { panic!("a batch") };
    let kinds: Vec<Kind> = batch.operations.iter().map(Operation::kind).collect();
    use Kind::*;
    assert_eq!(kinds, [Put, Get, Search, Delete, ListNamespaces, Count, Delete]);
    assert_eq!((batch.mode, batch.logged), (Mode::Sequential, false));
    let Operation::Batch(batch) = ok(Kind::Batch, r#"{"ops":[]}"#) else { panic!("a batch") };
    assert_eq!((batch.operations.len(), batch.mode, batch.logged), (0, Mode::Snapshot, false));
    for (body, field, message) in [
        ("", "ops", "batch needs `ops`"),
        (r#"{"ops":[{}]}"#, "ops[0].op", "needs `op`"),
        (r#"{"ops":[1]}"#, "ops[0]", "must be an object"),
        (r#"{"ops":[{"op":"batch","ops":[]}]}"#, "ops[0].op", r#"must be one of "get", "put""#),
        (r#"{"ops":[{"op":"sweep"}]}"#, "ops[0].op", "must be one of"),
        (r#"{"ops":[{"op":5}]}"#, "ops[0].op", "must be a string"),
        (
            r#"{"ops":[{"op":"get","namespace":[],"key":"k","op":"get"}]}"#,
            "ops[0].op",
            "`op` stands here twice",
        ),
        (r#"{"ops":[{"op":"get","namespace":[]}]}"#, "ops[0].key", "get needs `key`"),
        (
            r#"{"ops":[{"op":"list_namespaces"},{"op":"put","namespace":["n"],"key":"k","value":{},"ttl":0}]}"#,
            "ops[1].ttl",
            "must be above 0",
        ),
        (r#"{"ops":[],"mode":"parallel"}"#, "mode", r#"must be one of "snapshot", "sequential""#),
        (r#"{"ops":[],"mode":"sequential","atomicity":"logged"}"#, "atomicity", "not possible"),
        (r#"{"ops":[],"retry_delay":-1}"#, "retry_delay", "must be at least 0"),
        (r#"{"ops":[],"max_retries":1.5}"#, "max_retries", "must be an integer"),
        (r#"{"ops":[],"op":"batch"}"#, "op", "unknown field `op`"),
    ] {
        invalid(Kind::Batch, body, field, message);
    }
}

#[test]
fn logged_batches_are_limited() {
    let batch = |number: usize, bytes: usize, atomicity: &str| {
        let value = format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        let op = format!(r#"{{"op":"put","namespace":["n"],"key":"k","value":{value}}}"#);
        format!(r#"{{"atomicity":"{atomicity}","ops":[{}]}}"#, vec![op; number].join(","))
    };
    ok(Kind::Batch, &batch(100, 10, "logged"));
    ok(Kind::Batch, &batch(4, 10_240, "logged"));
    invalid(Kind::Batch, &batch(101, 10, "logged"), "ops", "101 operations is above the limit of 100");
    invalid(
        Kind::Batch,
        &batch(4, 10_241, "logged"),
        "ops",
        "values of 40964 bytes is above the limit of 40960",
    );
    let (result, warnings) = parse_with(Kind::Batch, &batch(101, 10_241, "none"), &Config::default());
    assert!(result.is_ok());
    assert_eq!(warnings, [Warning::LargeBatch { operations: 101, threshold: 50 }]);
}

fn options_of(kind: Kind, body: &str) -> Option<Options> {
    let parsed = parse(kind, body.as_bytes(), &Config::default(), &mut |_| {});
    parsed.unwrap_or_else(|error| panic!("{body}: {error}")).options.map(|options| *options)
}

/// A body of each operation that has options, without its last brace.
const BODIES: [(Kind, &str); 13] = [
    (Kind::Get, r#"{"namespace":["n"],"key":"k""#),
    (Kind::Put, r#"{"namespace":["n"],"key":"k","value":{}"#),
    (Kind::Delete, r#"{"namespace":["n"],"key":"k""#),
    (Kind::Search, r#"{"namespace_prefix":[]"#),
    (Kind::ListNamespaces, r#"{"limit":1"#),
    (Kind::Count, r#"{"namespace_prefix":[]"#),
    (Kind::Batch, r#"{"ops":[]"#),
    (Kind::DeletePrefix, r#"{"namespace_prefix":[]"#),
    (Kind::PutIfAbsent, r#"{"namespace":["n"],"key":"k","value":{}"#),
    (Kind::UpdateIfExists, r#"{"namespace":["n"],"key":"k","value":{}"#),
    (Kind::CompareAndSet, r#"{"namespace":["n"],"key":"k","value":{},"expected_value":{}"#),
    (Kind::DeleteIfExists, r#"{"namespace":["n"],"key":"k""#),
    (Kind::DeleteIfValue, r#"{"namespace":["n"],"key":"k","expected_value":{}"#),
];

#[test]
fn options_say_how_a_request_is_carried_out() {
    for (index, (kind, body)) in BODIES.into_iter().enumerate() {
        assert_eq!(options_of(kind, &format!("{body}}}")), None);
        assert_eq!(options_of(kind, &format!(r#"{body},"profile":null}}"#)), None);
        let profile = options_of(kind, &format!(r#"{body},"profile":"strong_reads"}}"#)).unwrap();
        assert_eq!(
            profile,
            Options { profile: Config::default().profile("strong_reads"), ..Options::default() }
        );
        let retry = format!(r#"{body},"max_retries":3,"retry_delay":0.25,"retry_backoff":1.5}}"#);
        if index < 7 {
            let wanted =
                RetryOptions { max_retries: Some(3), retry_delay: Some(0.25), retry_backoff: Some(1.5) };
            assert_eq!(options_of(kind, &retry).unwrap().retry, Some(wanted));
        } else {
            invalid(kind, &retry, "max_retries", "unknown field `max_retries`");
        }
        let serial = format!(r#"{body},"serial":true}}"#);
        if matches!(kind, Kind::Put | Kind::Delete) {
            assert!(options_of(kind, &serial).unwrap().serial);
            assert_eq!(options_of(kind, &format!(r#"{body},"serial":false}}"#)), None);
        } else {
            invalid(kind, &serial, "serial", "unknown field `serial`");
        }
    }
    // None is something else than nothing, where the configuration says otherwise.
    let none = options_of(Kind::Batch, r#"{"ops":[],"max_retries":0}"#).unwrap();
    assert_eq!(none.retry.unwrap().max_retries, Some(0));
}

#[test]
fn options_are_checked() {
    for (member, field, message) in [
        (r#""profile":"strong_read""#, "profile", "must be one of default, strong_reads, "),
        (r#""profile":"strong_read""#, "profile", r#", not "strong_read""#),
        (r#""profile":1"#, "profile", "must be a string or null"),
        (r#""serial":1"#, "serial", "must be a boolean or null"),
        (r#""max_retries":101"#, "max_retries", "101 is above the limit of 100"),
        (r#""max_retries":null"#, "max_retries", "must be a number"),
        (r#""retry_delay":3601"#, "retry_delay", "3601 is above the limit of 3600"),
        (r#""retry_delay":-0.1"#, "retry_delay", "must be at least 0, not -0.1"),
        (r#""retry_delay":1e99"#, "retry_delay", "above the limit"),
        (r#""retry_backoff":0.5"#, "retry_backoff", "must be at least 1, not 0.5"),
        (r#""retry_backoff":100.5"#, "retry_backoff", "above the limit of 100"),
        (r#""retries":1"#, "retries", "did you mean `max_retries`?"),
        (r#""profile":"default","profile":"default""#, "profile", "stands here twice"),
    ] {
        invalid(
            Kind::Put,
            &format!(r#"{{"namespace":["n"],"key":"k","value":{{}},{member}}}"#),
            field,
            message,
        );
    }
    for option in [r#""profile":"default""#, r#""serial":true"#, r#""max_retries":1"#] {
        let name = option[1..].split('"').next().unwrap();
        let body = format!(r#"{{"ops":[{{"op":"put","namespace":["n"],"key":"k","value":{{}},{option}}}]}}"#);
        invalid(Kind::Batch, &body, &format!("ops[0].{name}"), "not possible inside a batch");
    }
}
