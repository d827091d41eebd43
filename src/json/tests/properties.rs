//! The reader beside another one, and comparisons beside those of integers and texts.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::Value;

use super::hash;
use crate::json::pick::{elements, member, members, type_of};
use crate::json::reader::check;
use crate::json::string::RawString;
use crate::json::{Type, number};

/// What the text is as JSON by another reader, where its rules and ours agree.
fn other_reader(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \\\\\"]{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c\\\\\"é]{0,9}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A JSON text with a piece replaced by another.
fn damaged() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "E+", "1", " ", "\n", "\u{1}",
        "\\u", "\\ud800", "\\udc00", "true", "nul", "é", "/",
    ]);
    (json(), any::<prop::sample::Index>(), 0usize..3, prop::collection::vec(pieces, 0..3)).prop_map(
        |(value, at, cut, pieces)| {
            let chars: Vec<char> = value.to_string().chars().collect();
            let at = at.index(chars.len() + 1);
            let behind = (at + cut).min(chars.len());
            let head: String = chars[..at].iter().collect();
            let tail: String = chars[behind..].iter().collect();
            head + &pieces.concat() + &tail
        },
    )
}

/// The decimal `mantissa` × 10^-`places`, written in one of many ways.
fn spelled() -> impl Strategy<Value = (i64, u32, String)> {
    (prop_oneof![-1_000i64..1_000, any::<i64>()], 0u32..12, -15i32..15, 0usize..3).prop_map(
        |(mantissa, places, shift, zeros)| {
            // mantissa e-places = (mantissa with its point moved by `point`) e(point - places)
            let digits = format!("{:0>16}", mantissa.unsigned_abs());
            let point = shift.unsigned_abs() as usize % 15;
            let (whole, fraction) = digits.split_at(digits.len() - point);
            let whole = whole.trim_start_matches('0');
            let mut text = String::from(if mantissa < 0 { "-" } else { "" });
            text += if whole.is_empty() { "0" } else { whole };
            if point + zeros > 0 {
                text = format!("{text}.{fraction}{}", "0".repeat(zeros));
            }
            (mantissa, places, format!("{text}e{}", point as i64 - i64::from(places)))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepts_what_another_reader_accepts(text in damaged()) {
        prop_assert_eq!(check(&text, 127).is_ok(), other_reader(&text).is_some(), "{}", text);
    }

    #[test]
    fn picks_what_another_reader_reads(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value).expect("JSON") } else { value.to_string() };
        match &value {
            Value::Object(all) => {
                for (name, expected) in all {
                    let found = member(&text, name, false).and_then(other_reader);
                    prop_assert_eq!(found, other_reader(&expected.to_string()));
                    prop_assert_eq!(member(&text, name, true), member(&text, name, false));
                }
                prop_assert_eq!(members(&text).count(), all.len());
            }
            Value::Array(all) => {
                let found: Option<Vec<Value>> = elements(&text).map(other_reader).collect();
                let expected: Option<Vec<Value>> = all.iter().map(|item| other_reader(&item.to_string())).collect();
                prop_assert_eq!(found, expected);
            }
            Value::String(all) => {
                let raw = RawString::from_value(&text).expect("a string");
                prop_assert_eq!(&*raw.to_cow(), all.as_str());
                prop_assert_eq!(raw.len(), all.len());
                prop_assert!(raw.is(all) && !raw.is(&(all.clone() + "x")));
            }
            _ => prop_assert!(!matches!(type_of(&text), Type::Array | Type::Object | Type::String)),
        }
    }

    #[test]
    fn nothing_panics_on_text_that_is_no_json(text in damaged(), junk in any::<String>()) {
        for text in [text, junk] {
            for start in text.char_indices().map(|(index, _)| &text[index..]) {
                members(start).for_each(|(name, value)| drop((name.to_cow(), type_of(value))));
                elements(start).for_each(drop);
                crate::store::filter::json_equal(start, "{\"a\":[1]}");
            }
            let _ = check(&text, 10);
        }
    }

    #[test]
    fn strings_compare_like_their_texts(a in any::<String>(), b in any::<String>()) {
        let escaped: String = a.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let raw = RawString::from_body(&escaped);
        prop_assert_eq!(raw.compare(&b), a.as_str().cmp(b.as_str()));
        prop_assert!(raw.is(&a));
        prop_assert_eq!(raw.len(), a.len());
    }

    #[test]
    fn names_repeat_when_they_repeat(names in prop::collection::vec("[ab]{0,5}|[a-z]{6,20}", 0..80)) {
        let members: Vec<String> = names.iter().enumerate().map(|(index, name)| {
            let name: String = match index % 3 {
                0 => name.chars().map(|c| format!("\\u{:04X}", c as u32)).collect(),
                _ => name.clone(),
            };
            format!("\"{name}\":{{\"a\":1}}")
        }).collect();
        let different: std::collections::HashSet<&String> = names.iter().collect();
        let found = check(&format!("{{{}}}", members.join(",")), 5).ok();
        prop_assert_eq!(found, Some(different.len() < names.len()));
    }

    #[test]
    fn numbers_compare_like_integers(a in spelled(), b in spelled()) {
        let scaled = |number: &(i64, u32, String)| i128::from(number.0) * 10i128.pow(12 - number.1);
        let expected = scaled(&a).cmp(&scaled(&b));
        prop_assert_eq!(number::compare(&a.2, &b.2), expected, "{} {}", &a.2, &b.2);
        prop_assert_eq!(hash(&a.2) == hash(&b.2), expected.is_eq());
        // The same value under another name.
        let plain = format!("{}e-{}", a.0, a.1);
        prop_assert_eq!(number::compare(&a.2, &plain), Ordering::Equal, "{} {}", &a.2, plain);
        prop_assert_eq!(hash(&a.2), hash(&plain));
    }

    #[test]
    fn long_integers_compare_like_integers(a in any::<i128>(), b in any::<i128>()) {
        let (x, y) = (a.to_string(), b.to_string());
        prop_assert_eq!(number::compare(&x, &y), a.cmp(&b));
        prop_assert_eq!(number::compare(&x, &format!("{a}.0")), Ordering::Equal);
    }
}
