use super::*;
use crate::error::Code;
use crate::store::address::{Address, Namespace};
use crate::store::operation::*;
use crate::store::order::{Order, Position, SortBy};

fn parse_with(kind: Kind, body: &str, config: &Config) -> (Result<Operation>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let parsed = parse(kind, body.as_bytes(), config, &mut |warning| warnings.push(warning));
    (parsed, warnings)
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
fn search_fills_in_its_defaults() {
    let search = search_of(r#"{"namespace_prefix":[]}"#);
    assert_eq!((search.limit, search.offset, search.page_size), (10, 0, 5_000));
    assert_eq!((search.order, search.refresh, search.after), (Order::KEY, false, None));
    assert!(search.scope.prefix.is_root() && search.scope.filter.is_none());
    let search = search_of(
        r#"{"namespace_prefix":["a","b"],"filter":{"x":1},"limit":1e1,"offset":20.0,"order":"updated_at desc",
            "refresh_ttl":null,"page_size":7,"query":"","query_vector":null,"cursor":null}"#,
    );
    assert_eq!((search.limit, search.offset, search.page_size), (10, 20, 7));
    assert_eq!(search.order, Order { by: SortBy::UpdatedAt, descending: true });
    assert_eq!(search.scope.prefix, Namespace::from_path("a\0b"));
    assert!(search.scope.filter.expect("a filter").matches(r#"{"x":1}"#, false));
    assert_eq!(search_of(r#"{"namespace_prefix":[],"limit":0}"#).limit, 0);
    for none in ["null", "{}"] {
        let body = format!(r#"{{"namespace_prefix":[],"filter":{none},"order":null}}"#);
        assert!(search_of(&body).scope.filter.is_none());
    }
}

#[test]
fn search_is_checked() {
    for (members, field, message) in [
        (r#""limit":-1"#, "limit", "must be at least 0, not -1"),
        (r#""limit":1.5"#, "limit", "must be an integer, not 1.5"),
        (r#""limit":100001"#, "limit", "100001 is above the limit of 100000"),
        (r#""limit":"10""#, "limit", "must be a number, not a string"),
        (r#""limit":null"#, "limit", "must be a number, not null"),
        (r#""limit":99999999999999999999999"#, "limit", "above the limit of 100000"),
        (r#""offset":-0.5"#, "offset", "must be at least 0"),
        (r#""offset":99999999999999999999999"#, "offset", "is above the limit"),
        (r#""page_size":0"#, "page_size", "must be at least 1, not 0"),
        (r#""order":"score""#, "order", "must be one of key, key asc"),
        (r#""order":5"#, "order", "must be a string or null, not a number"),
        (r#""filter":[]"#, "filter", "must be an object or null, not an array"),
        (r#""filter":{"$and":[{"age":{"$x":1}}]}"#, "filter.$and[0].age.$x", "Unsupported operator: $x"),
        (r#""refresh_ttl":1"#, "refresh_ttl", "must be a boolean or null, not a number"),
        (r#""query":5"#, "query", "must be a string or null"),
        (r#""cursor":"nonsense""#, "cursor", "not a cursor of this request"),
        (r#""cursor":"AA","offset":3"#, "offset", "must be 0 with a cursor, not 3"),
        (r#""namespace":[]"#, "namespace", "did you mean `namespace_prefix`?"),
        (r#""limits":3"#, "limits", "did you mean `limit`?"),
        (r#""zzzzzzzzzzz":3"#, "zzzzzzzzzzz", "the fields of search are namespace_prefix, filter"),
    ] {
        invalid(Kind::Search, &format!(r#"{{"namespace_prefix":[],{members}}}"#), field, message);
    }
    invalid(Kind::Search, "{}", "namespace_prefix", "search needs `namespace_prefix`");
    fails(Kind::Search, r#"{"namespace_prefix":[],"limit":1e999}"#, Code::Json, "limit", "too large");
    for (members, field) in [(r#""query":"x""#, "query"), (r#""query_vector":[1,2]"#, "query_vector")] {
        let body = format!(r#"{{"namespace_prefix":[],{members}}}"#);
        fails(Kind::Search, &body, Code::Unsupported, field, "needs an index");
    }
    let body = r#"{"namespace_prefix":[],"omit_expired":false}"#;
    assert_eq!(parse_with(Kind::Search, body, &Config::default()).1, [Warning::OmitExpiredIgnored]);
}

#[test]
fn a_cursor_goes_on_with_the_same_search_only() {
    let search = search_of(r#"{"namespace_prefix":["a"],"filter":{"x":1,"y":2}}"#);
    let place = Position { time_us: 0, path: "a\0b".into(), key: "k".into() };
    let cursor = crate::store::cursor::encode(&place, search.fingerprint);
    let with = |members: &str| format!(r#"{{{members},"cursor":"{cursor}"}}"#);
    let next = search_of(&with(r#""namespace_prefix":["a"],"limit":3,"filter":{"y":2.0,"x":1}"#));
    assert_eq!(next.after, Some(place));
    for other in [
        r#""namespace_prefix":["b"],"filter":{"x":1,"y":2}"#,
        r#""namespace_prefix":["a"],"filter":{"x":1,"y":3}"#,
        r#""namespace_prefix":["a"],"filter":{"x":1,"y":2},"order":"key desc""#,
        r#""namespace_prefix":["a"]"#,
    ] {
        invalid(Kind::Search, &with(other), "cursor", "prefix, filter and order must be those");
    }
    invalid(Kind::ListNamespaces, &format!(r#"{{"cursor":"{cursor}"}}"#), "cursor", "conditions and depth");
}

#[test]
fn list_namespaces() {
    let Operation::ListNamespaces(list) = ok(Kind::ListNamespaces, "") else { panic!("a list") };
    assert_eq!((list.limit, list.offset, list.max_depth, list.conditions.len()), (100, 0, None, 0));
    let body = r#"{"match_conditions":[{"match_type":"suffix","path":["*","b"]},{"path":[],"match_type":"prefix"}],
                   "max_depth":2,"limit":5,"offset":1}"#;
    let Operation::ListNamespaces(list) = ok(Kind::ListNamespaces, body) else { panic!("a list") };
    let expected = [
        MatchCondition { suffix: true, path: vec![None, Some("b".into())] },
        MatchCondition { suffix: false, path: vec![] },
    ];
    assert_eq!(list.conditions, expected);
    assert_eq!((list.limit, list.offset, list.max_depth), (5, 1, Some(2)));
    for (body, field, message) in [
        (r#"{"max_depth":0}"#, "max_depth", "must be at least 1, not 0"),
        (r#"{"max_depth":-2}"#, "max_depth", "must be at least 1, not -2"),
        (r#"{"match_conditions":{}}"#, "match_conditions", "must be an array"),
        (r#"{"match_conditions":[{"path":[]}]}"#, "match_conditions[0].match_type", "needs `match_type`"),
        (
            r#"{"match_conditions":[{"path":[],"match_type":"infix"}]}"#,
            "match_conditions[0].match_type",
            r#"must be one of "prefix", "suffix", not "infix""#,
        ),
        (
            r#"{"match_conditions":[{"match_type":"prefix","path":["a","b.c"]}]}"#,
            "match_conditions[0].path[1]",
            "must not contain '.'",
        ),
        (r#"{"limit":100001}"#, "limit", "above the limit"),
        (r#"{"prefix":["a"]}"#, "prefix", "unknown field `prefix`"),
    ] {
        invalid(Kind::ListNamespaces, body, field, message);
    }
}

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
