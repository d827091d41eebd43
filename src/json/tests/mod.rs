mod properties;

use std::cmp::Ordering;

use super::number;
use super::pick::{element, elements, member, members};
use super::reader::{Reader, check};
use crate::error::Code;

#[test]
fn texts_that_are_json() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "1e5",
        "1E+5",
        "1.5e-5",
        "1e-999999",
        "0e999999",
        "123456789012345678901234567890",
        " [ ] ",
        "\t\r\n{}",
        "[[],{}]",
        r#"{"":""}"#,
        r#"{"a":{"b":[1,2,{"c":null}]},"d":true,"e":false}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
        "\"\u{7f}\u{80}\u{10ffff}\"",
        "1.7976931348623157e308",
    ] {
        assert_eq!(check(text, 10).map_err(|error| error.to_string()), Ok(false), "{text}");
    }
    // Integers have no limit, also beyond what a double can hold; nor has what is almost nothing.
    let integer = "9".repeat(1_000);
    let fraction = format!("0.{integer}");
    assert!(check(&integer, 1).is_ok() && check(&fraction, 1).is_ok());
}

#[test]
fn texts_that_are_not() {
    let long = format!("{}.0", "9".repeat(309));
    for (text, at, message) in [
        ("", 0, "ends in the middle"),
        (" ", 1, "ends in the middle"),
        ("[1,]", 3, "expected a value"),
        ("[1 2]", 3, "expected ',' or ']'"),
        ("[1}", 2, "expected ',' or ']'"),
        ("[", 1, "ends"),
        ("[1", 2, "ends"),
        ("{", 1, "ends"),
        (r#"{"a""#, 4, "ends"),
        (r#"{"a":"#, 5, "ends"),
        (r#"{"a" 1}"#, 5, "expected ':'"),
        (r#"{"a":1]"#, 6, "expected ',' or '}'"),
        (r#"{"a":1,}"#, 7, "expected a member name"),
        (r#"{a:1}"#, 1, "expected a member name"),
        (r#"{1:1}"#, 1, "expected a member name"),
        ("{,}", 1, "expected a member name"),
        ("1 1", 2, "nothing more"),
        ("{}]", 2, "nothing more"),
        ("01", 0, "zero in front"),
        ("-01", 0, "zero in front"),
        ("-", 0, "malformed number"),
        ("1.", 0, "malformed number"),
        (".5", 0, "expected a value"),
        ("+1", 0, "expected a value"),
        ("1e", 0, "malformed number"),
        ("1e+", 0, "malformed number"),
        ("0x1", 1, "nothing more"),
        ("1e999", 0, "too large for a double"),
        ("-1e309", 0, "too large for a double"),
        (&long, 0, "too large for a double"),
        ("NaN", 0, "NaN and Infinity"),
        ("Infinity", 0, "NaN and Infinity"),
        ("-Infinity", 0, "NaN and Infinity"),
        ("nul", 0, "ends"),
        ("nulL", 0, "expected a value"),
        ("True", 0, "expected a value"),
        (r#""abc"#, 0, "not closed"),
        (r#""a\"#, 2, "ends"),
        (r#""\x""#, 1, "unknown escape"),
        (r#""\u12g4""#, 1, "unknown escape"),
        (r#""\u12"#, 1, "unknown escape"),
        (r#""\ud800""#, 1, "lone surrogate"),
        (r#""\udc00""#, 1, "lone surrogate"),
        (r#""\ud800\ud800""#, 1, "lone surrogate"),
        (r#""\ud800\n""#, 1, "lone surrogate"),
        (r#""\ud83dxude00""#, 1, "lone surrogate"),
        ("\"a\nb\"", 2, "control character"),
        ("\"0123456789012345678901234567890123456789\u{1f}\"", 41, "control character"),
        ("\"\0\"", 1, "control character"),
        ("\u{feff}1", 0, "expected a value"),
        ("\u{a0}1", 0, "expected a value"),
        ("[1]//", 3, "nothing more"),
    ] {
        let error = check(text, 10).expect_err(text);
        assert_eq!(error.code(), Code::Json, "{text:?}");
        assert!(error.message().contains(message), "{text:?}: {error}");
        assert!(error.message().ends_with(&format!("(at byte {at})")), "{text:?}: {error}");
    }
}

#[test]
fn depth_is_limited_and_costs_no_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for depth in [1, 15, 16, 17, 40, 128] {
            assert!(check(&nested(depth), depth).is_ok(), "{open} {depth}");
            let error = check(&nested(depth + 1), depth).expect_err("too deep");
            assert!(error.message().contains(&format!("the limit of {depth}")), "{error}");
        }
        for endless in [nested(1_000_000), open.repeat(1_000_000)] {
            assert_eq!(check(&endless, usize::MAX).expect_err("too deep").code(), Code::Json);
        }
    }
    let wide = format!("[{}[[1]]]", "[[]],".repeat(1_000));
    assert!(check(&wide, 3).is_ok() && check(&wide, 2).is_err());
}

#[test]
fn repeated_names_are_noticed_in_the_same_object_only() {
    for (text, expected) in [
        (r#"{"a":1,"b":2}"#, false),
        (r#"{"a":1,"a":2}"#, true),
        (r#"{"a":1,"\u0061":2}"#, true),
        (r#"{"\n":1,"\u000A":2}"#, true),
        (r#"{"":1,"":2}"#, true),
        (r#"{"a":{"a":{"a":1}}}"#, false),
        (r#"[{"a":1},{"a":1}]"#, false),
        (r#"{"x":{"a":1},"y":{"a":1},"a":1}"#, false),
        (r#"{"a":[{"b":1},{"c":1,"d":2,"c":3}]}"#, true),
        (r#"{"a":{"b":1},"a":{"b":2}}"#, true),
        (r#"{"abcdefgh":1,"abcdefg":2,"abcdefghi":3,"abc":4,"ab":5,"b":6,"ba":7,"aba":8}"#, false),
    ] {
        assert_eq!(check(text, 10).ok(), Some(expected), "{text}");
    }
    let many = |last: usize| {
        let members: Vec<String> = (0..50_000).map(|n| format!("\"member {n}\":{n}")).collect();
        format!("{{{},\"member {last}\":0}}", members.join(","))
    };
    assert_eq!(check(&many(50_000), 1).ok(), Some(false));
    assert_eq!(check(&many(25_000), 1).ok(), Some(true));
}

#[test]
fn a_reader_forgets_one_value_before_the_next() {
    let text = format!(r#"[{{"a":1,"a":2}},{{"a":1}},{},{{"a":1}}]"#, "[".repeat(40) + &"]".repeat(40));
    let mut reader = Reader::new(&text);
    let mut found = Vec::new();
    let read = reader.array(|reader, _| {
        found.push(reader.raw(50)?.duplicates);
        Ok(())
    });
    assert!(read.is_ok() && reader.end().is_ok());
    assert_eq!(found, [true, false, false, false]);
}

#[test]
fn errors_have_the_path_of_the_place() {
    for (text, path) in [
        (r#"{"a":{"b":[1,{"c":x}]}}"#, Some("a.b[1].c")),
        (r#"{"a":[[],[],"x",{"k":[1,2]},nope]}"#, Some("a[4]")),
        (r#"{"a.b":{"":{"c[0]":!}}}"#, Some(r#"["a.b"][""]["c[0]"]"#)),
        (r#"{"\u0061\"":[!]}"#, Some(r#"["a\""][0]"#)),
        (r#"{"a":{"b":1},"c":{"d" 2}}"#, Some("c.d")),
        (r#"{"a":1,"b":"{[,\"","c":?}"#, Some("c")),
        (r#"[1,2,?]"#, Some("[2]")),
        ("?", None),
        (r#"{"a":1} x"#, None),
    ] {
        assert_eq!(check(text, 10).expect_err(text).field(), path, "{text}");
    }
}

#[test]
fn numbers_compare_as_decimals() {
    let ordered = [
        "-1e400001",
        "-1e400000",
        "-99999999999999999999",
        "-1.5",
        "-1",
        "-1e-400000",
        "0",
        "1e-99999999999999999999",
        "1e-99999999999999999998",
        "1e-400000",
        "0.1",
        "0.10000000000000000000000000000001",
        "1",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.5",
        "9223372036854775807",
        "9223372036854775808",
        "1e400000",
        "1.1e400000",
        "1e400001",
        "1e99999999999999999998",
        "1e99999999999999999999",
        "1e100000000000000000000",
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(number::compare(a, b), i.cmp(&j), "{a} {b}");
        }
    }
    for equal in [
        &["0", "-0", "0.0", "-0.000", "0e5", "0E-99999999999999999999", "-0.0e99999999999999999999"][..],
        &["100", "1e2", "1E+2", "100.0", "1000e-1", "0.01e4", "10000e-00002", "0.1e3"],
        &["-12.5", "-1.25e1", "-125e-1", "-12.500"],
        &["1e-99999999999999999999", "10e-100000000000000000000", "0.1e-99999999999999999998"],
        &["1e9223372036854775807", "10e9223372036854775806", "0.1e9223372036854775808"],
    ] {
        for a in equal {
            for b in equal {
                assert_eq!(number::compare(a, b), Ordering::Equal, "{a} {b}");
                assert_eq!(hash(a), hash(b), "{a} {b}");
            }
        }
    }
}

fn hash(text: &str) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    number::hash(text, &mut hasher);
    hasher.finish()
}

#[test]
fn integers_in_any_spelling() {
    use number::Integer::*;
    for (text, expected) in [
        ("0", Exactly(0)),
        ("-0.0", Exactly(0)),
        ("10", Exactly(10)),
        ("10.0", Exactly(10)),
        ("1e1", Exactly(10)),
        ("100e-1", Exactly(10)),
        ("18446744073709551615", Exactly(u64::MAX)),
        ("18446744073709551616", Huge),
        ("1e19", Exactly(10_000_000_000_000_000_000)),
        ("1e20", Huge),
        ("1e400000", Huge),
        ("1e99999999999999999999", Huge),
        ("1.5", Fractional),
        ("0.1", Fractional),
        ("1e-99999999999999999999", Fractional),
        ("-1", Negative),
        ("-0.5", Negative),
    ] {
        assert_eq!(number::integer(text), expected, "{text}");
    }
    use number::Scaled;
    for (text, places, expected) in [
        ("1.0015", 3, Scaled::Above(1_001)),
        ("8.2", 3, Scaled::Exactly(8_200)),
        ("0.0001", 3, Scaled::Above(0)),
        ("1e-30", 3, Scaled::Above(0)),
    ] {
        assert_eq!(number::scaled(text, places), expected, "{text}");
    }
}

#[test]
fn members_and_elements_are_found_without_a_tree() {
    let text =
        r#" {"a" : 1 , "b":[1, {"x":"]}"} ,"\\\"" ] ,"c":"q\\","d":{"a":2},"a":3, "\u0065":null}"#.trim();
    assert_eq!(member(text, "a", false), Some("1"));
    assert_eq!(member(text, "a", true), Some("3"));
    assert_eq!(member(text, "d", false), Some(r#"{"a":2}"#));
    assert_eq!(member(text, "e", false), Some("null"));
    assert_eq!(member(text, "x", true), None);
    let list = member(text, "b", false).expect("b");
    assert_eq!(list, r#"[1, {"x":"]}"} ,"\\\"" ]"#);
    assert_eq!(elements(list).collect::<Vec<_>>(), ["1", r#"{"x":"]}"}"#, r#""\\\"""#]);
    assert_eq!((element(list, 1), element(list, 3)), (Some(r#"{"x":"]}"}"#), None));
    for none in ["{}", "{ }", "[]", "[ ]", "1", "\"{\"", "null"] {
        assert_eq!((members(none).count(), elements(none).count()), (0, 0), "{none}");
    }
}
