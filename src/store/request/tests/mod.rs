mod reads;
mod several;

use super::*;
use crate::error::Code;
use crate::store::address::{Address, Namespace};
use crate::store::operation::*;

fn parse_with(kind: Kind, body: &str, config: &Config) -> (Result<Operation>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let parsed = parse(kind, body.as_bytes(), config, &mut |warning| warnings.push(warning));
    (parsed.map(|request| request.operation), warnings)
}

fn ok(kind: Kind, body: &str) -> Operation {
    parse_with(kind, body, &Config::default()).0.unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// Asserts code, field and a part of the message.
fn fails(kind: Kind, body: &str, code: Code, field: &str, message: &str) {
    fails_with(kind, body, &Config::default(), code, field, message);
}

fn fails_with(kind: Kind, body: &str, config: &Config, code: Code, field: &str, message: &str) {
    let shown: String = body.chars().take(200).collect();
    match parse_with(kind, body, config).0 {
        Ok(operation) => panic!("{shown} is taken as {operation:?}"),
        Err(error) => {
            assert_eq!((error.code(), error.field().unwrap_or("")), (code, field), "{shown}: {error}");
            assert!(error.message().contains(message), "{shown}: {error}");
        }
    }
}

fn invalid(kind: Kind, body: &str, field: &str, message: &str) {
    fails(kind, body, Code::InvalidArg, field, message);
}

fn put_of(body: &str) -> Put {
    match ok(Kind::Put, body) {
        Operation::Put(put) => put,
        other => panic!("{body}: {other:?}"),
    }
}

fn search_of(body: &str) -> Search {
    match ok(Kind::Search, body) {
        Operation::Search(search) => *search,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn get_reads_its_address_in_any_order_and_spelling() {
    for body in [
        r#"{"namespace":["users","u/1"],"key":"k"}"#,
        r#" { "key" : "k" , "namespace" : [ "users" , "u\/1" ] } "#,
        r#"{"k\u0065y":"\u006b","namespace":["\u0075sers","u/1"]}"#,
    ] {
        let Operation::Get(get) = ok(Kind::Get, body) else { panic!("{body}") };
        assert_eq!(get.address, Address::new("users\0u/1", "k"), "{body}");
        assert!(!get.refresh);
    }
    let Operation::Get(get) = ok(Kind::Get, r#"{"namespace":[],"key":"\u0000.","refresh_ttl":true}"#) else {
        panic!("a get")
    };
    assert_eq!((get.address, get.refresh), (Address::new("", "\0."), true));
}

#[test]
fn put_keeps_the_text_of_its_value() {
    let text = "{ \"b\" : 1e2, \"a\":\"\\u00e9\" ,\"big\":123456789012345678901234567890, \"z\":-0.0}";
    let put = put_of(&format!(r#"{{"namespace":["n"],"key":"","value": {text} , "ttl":null}}"#));
    assert_eq!(&*put.value.text, text);
    assert_eq!((put.address, put.ttl_us, put.value.duplicates), (Address::new("n", ""), None, false));
    let put =
        put_of(r#"{"namespace":["n"],"key":"k","value":{"a":{"b":1,"\u0062":2}},"index":["a","b[*]"]}"#);
    assert!(put.value.duplicates);
    let nothing = ok(Kind::Put, r#"{"namespace":["n"],"key":"k","value":null}"#);
    assert!(matches!(nothing, Operation::Delete(address) if address == Address::new("n", "k")));
}

#[test]
fn ttl_is_in_seconds_rounded_up_to_milliseconds() {
    for (ttl, us) in [
        ("1", 1_000_000),
        ("1.5", 1_500_000),
        ("8.2", 8_200_000),
        ("0.0001", 1_000),
        ("1e-9", 1_000),
        ("1.0001", 1_001_000),
        ("6.3072e8", 630_720_000_000_000),
    ] {
        let put = put_of(&format!(r#"{{"namespace":["n"],"key":"k","value":{{}},"ttl":{ttl}}}"#));
        assert_eq!(put.ttl_us, Some(us), "{ttl}");
    }
    for (ttl, message) in [
        ("0", "must be above 0 seconds, not 0"),
        ("-0.0", "must be above 0"),
        ("-1", "must be above 0 seconds, not -1"),
        ("630720000.001", "above the limit of 630720000 (20 years)"),
        ("1e300", "1e300 seconds is above the limit"),
        ("\"60\"", "must be a number of seconds or null, not a string"),
    ] {
        invalid(
            Kind::Put,
            &format!(r#"{{"namespace":["n"],"key":"k","value":{{}},"ttl":{ttl}}}"#),
            "ttl",
            message,
        );
    }
    let mut config = Config::default();
    config.ttl.default_ttl = Some(8.2);
    for (body, us) in [
        (r#"{"namespace":["n"],"key":"k","value":{}}"#, Some(8_200_000)),
        (r#"{"namespace":["n"],"key":"k","value":{},"ttl":null}"#, None),
        (r#"{"namespace":["n"],"key":"k","value":{},"ttl":1}"#, Some(1_000_000)),
    ] {
        let Ok(Operation::Put(put)) = parse_with(Kind::Put, body, &config).0 else { panic!("{body}") };
        assert_eq!(put.ttl_us, us, "{body}");
    }
}

#[test]
fn writes_are_checked() {
    let long_key = "k".repeat(1_025);
    let long_label = "é".repeat(257);
    let eleven = ["\"l\""; 11].join(",");
    for (body, field, message) in [
        (r#"{"key":"k","value":{}}"#.to_owned(), "namespace", "put needs `namespace`"),
        (r#"{"namespace":["n"],"value":{}}"#.to_owned(), "key", "put needs `key`"),
        (r#"{"namespace":["n"],"key":"k"}"#.to_owned(), "value", "put needs `value`"),
        (r#"{"namespace":[],"key":"k","value":{}}"#.to_owned(), "namespace", "at least one label"),
        (
            r#"{"namespace":"n","key":"k","value":{}}"#.to_owned(),
            "namespace",
            "must be an array, not a string",
        ),
        (
            r#"{"namespace":["n",5],"key":"k","value":{}}"#.to_owned(),
            "namespace[1]",
            "must be a string, not a number",
        ),
        (r#"{"namespace":["n",""],"key":"k","value":{}}"#.to_owned(), "namespace[1]", "must not be empty"),
        (r#"{"namespace":["a.b"],"key":"k","value":{}}"#.to_owned(), "namespace[0]", "must not contain '.'"),
        (
            r#"{"namespace":["a\u002eb"],"key":"k","value":{}}"#.to_owned(),
            "namespace[0]",
            "must not contain '.'",
        ),
        (
            r#"{"namespace":["a\u0000b"],"key":"k","value":{}}"#.to_owned(),
            "namespace[0]",
            "must not contain NUL",
        ),
        (
            format!(r#"{{"namespace":[{eleven}],"key":"k","value":{{}}}}"#),
            "namespace[10]",
            "at most 10 labels",
        ),
        (
            format!(r#"{{"namespace":["{long_label}"],"key":"k","value":{{}}}}"#),
            "namespace[0]",
            "a label of 257 characters is above the limit of 256",
        ),
        (
            format!(r#"{{"namespace":["n"],"key":"{long_key}","value":{{}}}}"#),
            "key",
            "key of 1025 bytes is above the limit of 1024",
        ),
        (r#"{"namespace":["n"],"key":5,"value":{}}"#.to_owned(), "key", "must be a string, not a number"),
        (
            r#"{"namespace":["n"],"key":"k","value":[1]}"#.to_owned(),
            "value",
            "must be a JSON object, not an array",
        ),
        (
            r#"{"namespace":["n"],"key":"k","value":"x"}"#.to_owned(),
            "value",
            "must be a JSON object, not a string",
        ),
        (r#"{"namespace":["n"],"key":"k","value":{},"index":true}"#.to_owned(), "index", "not true"),
        (
            r#"{"namespace":["n"],"key":"k","value":{},"index":["a",1]}"#.to_owned(),
            "index[1]",
            "must be a string",
        ),
        (
            r#"{"namespace":["n"],"key":"k","key":"k","value":{}}"#.to_owned(),
            "key",
            "`key` stands here twice",
        ),
        (r#"{"namespace":["n"],"key":"k","vlaue":{}}"#.to_owned(), "vlaue", "did you mean `value`?"),
        (r#"{"namespace":["n"],"key":"k","op":"put","value":{}}"#.to_owned(), "op", "unknown field `op`"),
        ("[]".to_owned(), "", "must be an object, not an array"),
    ] {
        invalid(Kind::Put, &body, field, message);
    }
    for fits in [
        format!(r#"{{"namespace":["{}"],"key":"k","value":{{}}}}"#, "é".repeat(256)),
        format!(r#"{{"namespace":["{}"],"key":"k","value":{{}}}}"#, "\\u00e9".repeat(256)),
        format!(r#"{{"namespace":["n"],"key":"{}","value":{{}}}}"#, "\\u006b".repeat(1_024)),
        r#"{"namespace":["a b/:%_*\\\n"],"key":"k","value":{}}"#.to_owned(),
    ] {
        ok(Kind::Put, &fits);
    }
}

#[test]
fn values_have_limits_and_a_warning() {
    let put = |value: &str| format!(r#"{{"namespace":["n"],"key":"k","value":{value}}}"#);
    let of_size = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let (result, warnings) = parse_with(Kind::Put, &put(&of_size(1_000_000)), &Config::default());
    assert!(result.is_ok());
    assert_eq!(warnings, [Warning::LargeValue { bytes: 1_000_000, threshold: 100_000 }]);
    assert_eq!(parse_with(Kind::Put, &put(&of_size(100_000)), &Config::default()).1, []);
    let message = "value of 1000001 bytes is above the limit of 1000000";
    invalid(Kind::Put, &put(&of_size(1_000_001)), "value", message);
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    ok(Kind::Put, &put(&nested(128)));
    let path = format!("value{}", ".a".repeat(128));
    fails(Kind::Put, &put(&nested(129)), Code::Json, &path, "nested deeper than the limit of 128");
    let brackets = format!(r#"{{"a":{}"#, "[".repeat(10_000));
    let path = format!("value.a{}", "[0]".repeat(127));
    fails(Kind::Put, &put(&brackets), Code::Json, &path, "nested deeper");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (value, field, message) in [
        (r#"{"a":NaN}"#, "value.a", "NaN and Infinity are not JSON numbers (at byte 42)"),
        (r#"{"a":-Infinity}"#, "value.a", "NaN and Infinity"),
        (r#"{"a":[1,2,1e999]}"#, "value.a[2]", "too large for a double"),
        (r#"{"a":"\ud800"}"#, "value.a", "lone surrogate"),
        (r#"{"a":"\udc00\ud800"}"#, "value.a", "lone surrogate"),
        (r#"{"\ud800":1}"#, "value", "lone surrogate"),
        ("{\"a\":\"\n\"}", "value.a", "control character"),
        (r#"{"a":01}"#, "value.a", "zero in front"),
        (r#"{"a":1,}"#, "value", "member name"),
        (r#"{"a":'x'}"#, "value.a", "expected a value"),
        (r#"{"a.b":{"c":tru}}"#, r#"value["a.b"].c"#, "expected a value"),
        (r#"{"a":1"#, "value.a", "ends in the middle"),
    ] {
        let body = format!(
            r#"{{"namespace":["n"],"key":"k","value":{value}{}"#,
            if value.ends_with('}') { "}" } else { "" }
        );
        fails(Kind::Put, &body, Code::Json, field, message);
    }
    fails(Kind::Get, "{", Code::Json, "", "ends in the middle of a value (at byte 1)");
    fails(Kind::Get, r#"{"namespace":["a"],"key":"k"}}"#, Code::Json, "", "nothing more");
    fails(Kind::Get, "\u{feff}{}", Code::Json, "", "expected a value");
    let mut body = br#"{"namespace":["n"],"key":"k","value":{"a":"x"}}"#.to_vec();
    body[43] = 0xff;
    let error = parse(Kind::Put, &body, &Config::default(), &mut |_| {}).expect_err("not UTF-8");
    assert_eq!((error.code(), error.field()), (Code::Utf8, Some("value.a")), "{error}");
}

#[test]
fn care_of_the_store() {
    for kind in
        [Kind::Sweep, Kind::Open, Kind::Migrate, Kind::Warmup, Kind::Health, Kind::ClusterInfo, Kind::Reindex]
    {
        for body in ["", "{}", " { } "] {
            assert_eq!(ok(kind, body).kind(), kind);
        }
        invalid(kind, r#"{"x":1}"#, "x", "unknown field `x`");
    }
    for (body, wanted) in [
        ("", false),
        (r#"{"write":null}"#, false),
        (r#"{"write":false}"#, false),
        (r#"{"write":true}"#, true),
    ] {
        let Operation::Admin(Admin::Health { write }) = ok(Kind::Health, body) else { panic!("{body}") };
        assert_eq!(write, wanted, "{body}");
    }
    invalid(Kind::Health, r#"{"write":1}"#, "write", "a boolean or null");
    let Operation::Admin(Admin::Backup { path }) = ok(Kind::Backup, r#"{"path":"b.db"}"#) else {
        panic!("backup")
    };
    assert_eq!(path, "b.db");
    invalid(Kind::Backup, "", "path", "backup needs `path`");
    invalid(Kind::Backup, r#"{"path":""}"#, "path", "not empty");
    fails(Kind::Advance, r#"{"seconds":1}"#, Code::Unsupported, "", "test_clock");
    let config = Config { test_clock: true, ..Config::default() };
    for (seconds, us) in [("1", 1_000_000), ("0.0000005", 1), ("2.5", 2_500_000)] {
        let body = format!(r#"{{"seconds":{seconds}}}"#);
        let Ok(Operation::Admin(Admin::Advance { by_us })) = parse_with(Kind::Advance, &body, &config).0
        else {
            panic!("{body}")
        };
        assert_eq!(by_us, us, "{body}");
    }
    for (seconds, message) in
        [("0", "must be above 0"), ("-1", "must be above 0"), ("1e12", "limit of 100 years")]
    {
        let body = format!(r#"{{"seconds":{seconds}}}"#);
        fails_with(Kind::Advance, &body, &config, Code::InvalidArg, "seconds", message);
    }
    let Operation::DeletePrefix(scope) =
        ok(Kind::DeletePrefix, r#"{"namespace_prefix":["a"],"filter":{"x":1}}"#)
    else {
        panic!("delete_prefix")
    };
    assert!(scope.prefix == Namespace::from_path("a") && scope.filter.is_some());
    invalid(Kind::Count, "{}", "namespace_prefix", "count needs");
}
