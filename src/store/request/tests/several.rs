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
