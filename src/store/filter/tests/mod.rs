mod model;

use super::*;
use crate::error::Code;

fn filter(text: &str) -> Filter {
    Filter::parse(text, false).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Asserts which of the values of member `a` the filter finds. `-` is a missing member.
fn finds(text: &str, expected: &[&str]) {
    const VALUES: &[&str] = &[
        "-",
        "null",
        "true",
        "false",
        "0",
        "1",
        "1.0",
        "9",
        "10",
        "-5",
        "\"1\"",
        "\"x\"",
        "[]",
        "[\"x\"]",
        "[\"x\",\"y\"]",
        "{}",
        "{\"b\":1}",
        "{\"b\":1,\"c\":2}",
        "9007199254740993",
    ];
    let filter = filter(text);
    let object = |value: &str| match value {
        "-" => "{\"z\":0}".to_owned(),
        value => format!("{{\"z\":0,\"a\":{value}}}"),
    };
    for duplicates in [false, true] {
        let found: Vec<&str> =
            VALUES.iter().copied().filter(|value| filter.matches(&object(value), duplicates)).collect();
        assert_eq!(found, expected, "{text}, duplicates {duplicates}");
    }
}

#[test]
fn plain_values() {
    finds(r#"{"a":1}"#, &["1", "1.0"]);
    finds(r#"{"a":1e0}"#, &["1", "1.0"]);
    finds(r#"{"a":"1"}"#, &["\"1\""]);
    finds(r#"{"a":true}"#, &["true"]);
    finds(r#"{"a":false}"#, &["false"]);
    finds(r#"{"a":null}"#, &["null"]);
    finds(r#"{"a":[]}"#, &["[]"]);
    finds(r#"{"a":["x"]}"#, &["[\"x\"]"]);
    finds(r#"{"a":["\u0078","y"]}"#, &["[\"x\",\"y\"]"]);
    finds(r#"{"a":{}}"#, &["{}", "{\"b\":1}", "{\"b\":1,\"c\":2}"]);
    finds(r#"{"a":{"b":1.0}}"#, &["{\"b\":1}", "{\"b\":1,\"c\":2}"]);
    finds(r#"{"a":{"c":2,"b":1}}"#, &["{\"b\":1,\"c\":2}"]);
    finds(r#"{"a":{"b":{"$gt":0}}}"#, &["{\"b\":1}", "{\"b\":1,\"c\":2}"]);
    finds(r#"{"a":9007199254740993}"#, &["9007199254740993"]);
    finds(r#"{"a":9007199254740992}"#, &[]);
    finds(r#"{"a":9007199254740993.0}"#, &["9007199254740993"]);
}

#[test]
fn operators() {
    let all_but_one: Vec<&str> = vec![
        "-",
        "null",
        "true",
        "false",
        "0",
        "9",
        "10",
        "-5",
        "\"1\"",
        "\"x\"",
        "[]",
        "[\"x\"]",
        "[\"x\",\"y\"]",
        "{}",
        "{\"b\":1}",
        "{\"b\":1,\"c\":2}",
        "9007199254740993",
    ];
    finds(r#"{"a":{"$eq":1}}"#, &["1", "1.0"]);
    finds(r#"{"a":{"$ne":1}}"#, &all_but_one);
    finds(r#"{"a":{"$eq":{"b":1}}}"#, &["{\"b\":1}"]);
    finds(r#"{"a":{"$eq":{}}}"#, &["{}"]);
    finds(r#"{"a":{"$eq":null}}"#, &["null"]);
    finds(r#"{"a":{"$gt":5}}"#, &["9", "10", "9007199254740993"]);
    finds(r#"{"a":{"$gte":9,"$lt":10}}"#, &["9"]);
    finds(r#"{"a":{"$lte":0}}"#, &["0", "-5"]);
    finds(r#"{"a":{"$lt":-0.0}}"#, &["-5"]);
    finds(r#"{"a":{"$gt":9007199254740992}}"#, &["9007199254740993"]);
    finds(r#"{"a":{"$gt":"1"}}"#, &["\"x\""]);
    finds(r#"{"a":{"$gte":"1"}}"#, &["\"1\"", "\"x\""]);
    for none in ["null", "true", "[]", "{}"] {
        finds(&format!(r#"{{"a":{{"$lte":{none}}}}}"#), &[]);
    }
    finds(r#"{"a":{"$in":[1,"x",[]]}}"#, &["1", "1.0", "\"x\"", "[]"]);
    finds(r#"{"a":{"$in":[]}}"#, &[]);
    finds(r#"{"a":{"$in":[null]}}"#, &["null"]);
    finds(r#"{"a":{"$nin":[1]}}"#, &all_but_one);
    finds(r#"{"a":{"$exists":false}}"#, &["-"]);
    finds(r#"{"a":{"$exists":true,"$lt":"x"}}"#, &["\"1\""]);
}

#[test]
fn logic() {
    finds(r#"{"$or":[{"a":0},{"a":{"$gt":9}}]}"#, &["0", "10", "9007199254740993"]);
    finds(r#"{"$and":[{"a":{"$gt":0}},{"a":{"$lt":10}}]}"#, &["1", "1.0", "9"]);
    finds(r#"{"$and":[{"a":{"$gt":0}},{"$or":[{"a":9},{"a":10}]}],"z":0}"#, &["9", "10"]);
    finds(r#"{"$not":{"a":{"$exists":true}}}"#, &["-"]);
    finds(r#"{"$not":{"$not":{"a":9}}}"#, &["9"]);
    finds(r#"{"$or":[]}"#, &[]);
    finds(r#"{"a":{"$not":{"$exists":true}}}"#, &["-"]);
    finds(r#"{"a":{"$or":[9,{"$gt":9}]}}"#, &["9", "10", "9007199254740993"]);
    finds(r#"{"a":1,"z":1}"#, &[]);
    finds(r#"{"a":1,"z":0}"#, &["1", "1.0"]);
    assert!(filter("{}").is_empty());
    assert!(filter(r#"{"$and":[]}"#).matches("{}", false));
}

#[test]
fn strings_compare_by_code_point_however_they_are_written() {
    // As UTF-16 the first is less than the second: surrogates sort below U+FF61.
    let value = r#"{"a":"\ud83d\ude00","b\u002e":1}"#;
    assert!(filter(r#"{"a":{"$gt":"｡"}}"#).matches(value, false));
    assert!(filter(r#"{"a":"😀"}"#).matches(value, false));
    assert!(filter(r#"{"b.":1}"#).matches(value, false));
    assert!(filter(r#"{"\u0061":{"$in":["😀"]}}"#).matches(value, false));
    assert!(!filter(r#"{"a":{"$lt":"｡"}}"#).matches(value, false));
}

#[test]
fn names_are_literal_unless_they_are_paths() {
    let value = r#"{"a.b":1,"a":{"b":2,"c":[{"d":3},4]},"a[0]":5}"#;
    for (text, literal, path) in [
        (r#"{"a.b":1}"#, true, false),
        (r#"{"a.b":2}"#, false, true),
        (r#"{"a.c[0].d":3}"#, false, true),
        (r#"{"a.c[1]":4}"#, false, true),
        (r#"{"a.c[2]":{"$exists":false}}"#, true, true),
        (r#"{"a":{"c[1]":4}}"#, false, true),
        (r#"{"a[0]":5}"#, true, false),
        (r#"{"a[0]":{"$ne":5}}"#, false, true),
    ] {
        assert_eq!(Filter::parse(text, false).expect(text).matches(value, false), literal, "{text}");
        assert_eq!(Filter::parse(text, true).expect(text).matches(value, false), path, "{text}");
    }
    for bad in
        ["a[", "a]", "a..b", ".a", "a.", "a[x]", "a[01]", "a[-1]", "[0]", "a[0]b", "a[99999999999999999999]"]
    {
        let error = Filter::parse(&format!("{{{bad:?}:1}}"), true).expect_err(bad);
        assert_eq!(error.code(), Code::InvalidArg, "{bad}");
    }
}

#[test]
fn of_members_of_one_name_the_last_counts() {
    let value = r#"{"a":1,"a":2,"b":{"c":1,"c":{"d":1,"d":2}},"e":[{"f":1,"f":2}]}"#;
    for (text, expected) in [
        (r#"{"a":1}"#, false),
        (r#"{"a":2}"#, true),
        (r#"{"b":{"c":{"d":2}}}"#, true),
        (r#"{"b":{"c":{"d":1}}}"#, false),
        (r#"{"b":{"$eq":{"c":{"d":2}}}}"#, true),
        (r#"{"e":[{"f":2}]}"#, true),
        (r#"{"e":[{"f":1}]}"#, false),
        (r#"{"$not":{"a":1}}"#, true),
        (r#"{"$or":[{"a":1},{"a":2}]}"#, true),
    ] {
        assert_eq!(filter(text).matches(value, true), expected, "{text}");
    }
}

#[test]
fn what_is_no_filter_is_refused_with_its_place() {
    for (text, field, message) in [
        (r#"{"a":{"$foo":1}}"#, "a.$foo", "Unsupported operator: $foo"),
        (r#"{"$foo":1}"#, "$foo", "Unsupported operator: $foo"),
        (r#"{"$eq":1}"#, "$eq", "Unsupported operator: $eq"),
        (r#"{"a":{"$gt":1,"b":2}}"#, "a.b", "Unsupported operator: b"),
        (r#"{"a":{"b":2,"$gt":1}}"#, "a.b", "Unsupported operator: b"),
        (r#"{"a":{"b":{"$x":1}}}"#, "a.b.$x", "Unsupported operator: $x"),
        (r#"{"$and":[{"a":1},{"b":{"$in":3}}]}"#, "$and[1].b.$in", "must be an array, not a number"),
        (r#"{"$and":{"a":1}}"#, "$and", "must be an array, not an object"),
        (r#"{"$or":[1]}"#, "$or[0]", "must be an object, not a number"),
        (r#"{"$not":[]}"#, "$not", "must be an object, not an array"),
        (r#"{"a":{"$exists":1}}"#, "a.$exists", "must be a boolean, not a number"),
        (r#"{"a":{"$not":{"$and":1}}}"#, "a.$not.$and", "must be an array, not a number"),
        (r#"{"a":1,"b":2,"a":3}"#, "a", "`a` stands here twice"),
        (r#"{"a":{"$gt":1,"$\u0067t":2}}"#, "a.$gt", "`$gt` stands here twice"),
    ] {
        let error = Filter::parse(text, false).expect_err(text);
        assert_eq!((error.code(), error.field()), (Code::InvalidArg, Some(field)), "{text}");
        assert!(error.message().starts_with(message), "{text}: {error}");
    }
    assert_eq!(Filter::parse("[]", false).expect_err("array").message(), "must be an object, not an array");
    // Names may repeat inside data that is compared: there the last counts.
    assert!(filter(r#"{"a":{"$eq":{"b":1,"b":2}}}"#).matches(r#"{"a":{"b":2}}"#, false));
}

#[test]
fn filters_of_many_members() {
    let object = |last: u32| {
        let members: Vec<String> =
            (0..100).map(|n| format!("\"m{n}\":{}", if n == 99 { last } else { n })).collect();
        format!("{{{}}}", members.join(","))
    };
    for members in [1, 63, 64, 65, 100] {
        let wanted: Vec<String> = (100 - members..100).map(|n| format!("\"m{n}\":{n}")).collect();
        let filter = filter(&format!("{{{}}}", wanted.join(",")));
        assert!(filter.matches(&object(99), false), "{members}");
        assert!(!filter.matches(&object(98), false), "{members}");
    }
}

#[test]
fn deep_filters_are_errors_and_not_a_stack_overflow() {
    let nested = |depth: usize| format!("{}{{}}{}", r#"{"$not":"#.repeat(depth), "}".repeat(depth));
    assert!(Filter::parse(&nested(FILTER_DEPTH - 1), false).is_ok());
    for depth in [FILTER_DEPTH, 100_000] {
        assert_eq!(Filter::parse(&nested(depth), false).expect_err("deep").code(), Code::Json);
    }
}

#[test]
fn fingerprints_say_what_a_filter_means() {
    let same = |a: &str, b: &str| filter(a).fingerprint() == filter(b).fingerprint();
    for (a, b) in [
        (r#"{"a":1,"b":"x"}"#, r#" { "b" : "\u0078", "\u0061" : 1.0 } "#),
        (r#"{"a":{"$gt":1,"$lt":10}}"#, r#"{"a":{"$lt":1e1,"$gt":1}}"#),
        (r#"{"$or":[{"a":1},{"b":2}]}"#, r#"{"$or":[{"b":2},{"a":1}]}"#),
        (r#"{"a":1,"b":2}"#, r#"{"$and":[{"b":2},{"a":1}]}"#),
        (r#"{"a":1}"#, r#"{"a":{"$eq":1}}"#),
        (r#"{"a":{"$eq":{"x":1,"y":2}}}"#, r#"{"a":{"$eq":{"y":2,"x":0,"x":1}}}"#),
        (r#"{"a":-0.0}"#, r#"{"a":0}"#),
    ] {
        assert!(same(a, b), "{a} {b}");
    }
    let different = [
        r#"{}"#,
        r#"{"a":1}"#,
        r#"{"a":"1"}"#,
        r#"{"a":10}"#,
        r#"{"b":1}"#,
        r#"{"a":true}"#,
        r#"{"a":[1]}"#,
        r#"{"a":[[1]]}"#,
        r#"{"a":{"$ne":1}}"#,
        r#"{"a":{"$gt":1}}"#,
        r#"{"a":{"$gte":1}}"#,
        r#"{"a":{"$in":[1]}}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":{"$eq":{"b":1}}}"#,
        r#"{"$or":[{"a":1}]}"#,
        r#"{"$not":{"a":1}}"#,
        r#"{"a":[1,2]}"#,
        r#"{"a":[2,1]}"#,
        r#"{"a":null}"#,
        r#"{"a":{"$exists":true}}"#,
        r#"{"a":-1}"#,
        r#"{"a":0.1}"#,
        r#"{"a":1,"b":1}"#,
    ];
    for (index, a) in different.iter().enumerate() {
        for b in &different[..index] {
            assert!(!same(a, b), "{a} {b}");
        }
    }
    let (literal, path) = (Filter::parse(r#"{"a.b":1}"#, false), Filter::parse(r#"{"a.b":1}"#, true));
    assert_ne!(literal.expect("literal").fingerprint(), path.expect("path").fingerprint());
}

#[test]
fn terms_for_indexes_are_what_every_match_passes() {
    let filter =
        filter(r#"{"kind":"a\u0062","n":{"$gte":1,"$lt":2.5},"$and":[{"x":null}],"$or":[{"y":1}],"z":[1]}"#);
    let found: Vec<String> = filter
        .index_terms()
        .iter()
        .map(|term| format!("{} {:?} {:?}", term.member, term.comparison, term.scalar))
        .collect();
    let expected = [
        r#"kind Equal String("ab")"#,
        r#"n GreaterOrEqual Number("1")"#,
        r#"n Less Number("2.5")"#,
        r#"x Equal Null"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn json_equality() {
    for (a, b) in [
        (r#"{"a":1,"b":[true,null]}"#, r#" { "b" : [ true , null ] , "a" : 1.0e0 } "#),
        (r#"{"a":"é\n"}"#, r#"{"a":"\u00e9\u000a"}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ("100000000000000000000000000001", "1.00000000000000000000000000001e29"),
        ("[]", "[ ]"),
    ] {
        assert!(json_equal(a, b) && json_equal(b, a), "{a} {b}");
    }
    for (a, b) in [
        (r#"{"a":1}"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":1}"#),
        ("[1,2]", "[2,1]"),
        ("[1]", "[1,1]"),
        ("1", "true"),
        ("0", "null"),
        ("[]", "{}"),
        ("100000000000000000000000000001", "1e29"),
        (r#""1""#, "1"),
    ] {
        assert!(!json_equal(a, b) && !json_equal(b, a), "{a} {b}");
    }
    let many = |start: usize| {
        let members: Vec<String> =
            (0..50_000).map(|n| format!("\"m{}\":{n}", (n + start) % 50_000)).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(!json_equal(&many(0), &many(1)));
    assert!(json_equal(&many(7), &format!(" {} ", many(7))));
}
