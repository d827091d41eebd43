//! The evaluator beside a plain model on trees, on random filters and values.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// Small values that often meet: few names, few scalars.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(2),
        json!(-1),
        json!("a"),
        json!("b"),
        json!("1"),
        json!(""),
        json!([]),
        json!({}),
    ]);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            object(inner).prop_map(Value::Object)
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|members| members.into_iter().collect())
}

fn one_member(name: String, value: Value) -> Value {
    Value::Object([(name, value)].into_iter().collect())
}

/// What may stand behind a member's name in a filter.
fn operand() -> impl Strategy<Value = Value> {
    let scalar = prop::sample::select(vec!["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]);
    let list = prop::sample::select(vec!["$in", "$nin"]);
    let leaf = prop_oneof![
        value(),
        (scalar, value()).prop_map(|(name, value)| one_member(name.into(), value)),
        (list, prop::collection::vec(value(), 0..3))
            .prop_map(|(name, list)| one_member(name.into(), json!(list))),
        any::<bool>().prop_map(|exists| json!({"$exists": exists})),
        (value(), value()).prop_map(|(low, high)| json!({"$gte": low, "$lt": high})),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|operand| json!({"$not": operand})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"$and": all})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"$or": all})),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn filters() -> impl Strategy<Value = Value> {
    object(operand()).prop_map(Value::Object).prop_recursive(2, 8, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            (list.clone(), object(operand())).prop_map(|(all, mut members)| {
                members.insert("$and".into(), json!(all));
                Value::Object(members)
            }),
            (list, object(operand())).prop_map(|(all, mut members)| {
                members.insert("$or".into(), json!(all));
                Value::Object(members)
            }),
            inner.prop_map(|filter| json!({"$not": filter})),
        ]
    })
}

fn model(filter: &Value, item: &Value) -> bool {
    filter.as_object().expect("a filter").iter().all(|(name, operand)| {
        let mut list = operand.as_array().into_iter().flatten();
        match name.as_str() {
            "$and" => list.all(|part| model(part, item)),
            "$or" => list.any(|part| model(part, item)),
            "$not" => !model(operand, item),
            name => model_test(operand, item.get(name)),
        }
    })
}

fn model_test(operand: &Value, found: Option<&Value>) -> bool {
    match operand {
        Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
            members.iter().all(|(name, operand)| model_operator(name, operand, found))
        }
        Value::Object(members) => found
            .and_then(Value::as_object)
            .is_some_and(|found| members.iter().all(|(name, operand)| model_test(operand, found.get(name)))),
        plain => found == Some(plain),
    }
}

fn model_operator(name: &str, operand: &Value, found: Option<&Value>) -> bool {
    let mut list = operand.as_array().into_iter().flatten();
    let order = match (found, operand) {
        (Some(Value::Number(a)), Value::Number(b)) => a.as_i64().partial_cmp(&b.as_i64()),
        (Some(Value::String(a)), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match name {
        "$eq" => found == Some(operand),
        "$ne" => found != Some(operand),
        "$gt" => order.is_some_and(|order| order.is_gt()),
        "$gte" => order.is_some_and(|order| order.is_ge()),
        "$lt" => order.is_some_and(|order| order.is_lt()),
        "$lte" => order.is_some_and(|order| order.is_le()),
        "$in" => list.any(|one| found == Some(one)),
        "$nin" => !list.any(|one| found == Some(one)),
        "$exists" => found.is_some() == *operand,
        "$not" => !model_test(operand, found),
        "$and" => list.all(|part| model_test(part, found)),
        "$or" => list.any(|part| model_test(part, found)),
        other => panic!("{other}"),
    }
}

/// Whether an item that matches passes a term, by the model.
fn passes(term: &Term<'_>, item: &Value) -> bool {
    let operator = match term.comparison {
        Comparison::Equal => "$eq",
        Comparison::Greater => "$gt",
        Comparison::GreaterOrEqual => "$gte",
        Comparison::Less => "$lt",
        Comparison::LessOrEqual => "$lte",
    };
    let operand = match term.scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => value.into(),
        Scalar::Number(text) => serde_json::from_str(text).expect("a number"),
        Scalar::String(text) => text.into(),
    };
    model_operator(operator, &operand, item.get(term.member))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matches_what_the_model_matches(filter in filters(), items in prop::collection::vec(object(value()), 1..6)) {
        let parsed = Filter::parse(&filter.to_string(), false).map_err(|error| error.to_string());
        let parsed = parsed.map_err(TestCaseError::fail)?;
        for item in items.into_iter().map(Value::Object) {
            let expected = model(&filter, &item);
            let pretty = serde_json::to_string_pretty(&item).expect("JSON");
            for (text, duplicates) in [(item.to_string(), false), (item.to_string(), true), (pretty, false)] {
                prop_assert_eq!(parsed.matches(&text, duplicates), expected, "{} {}", filter, text);
            }
            if expected {
                prop_assert!(parsed.index_terms().iter().all(|term| passes(term, &item)), "{} {}", filter, item);
            }
        }
    }

    #[test]
    fn equality_is_that_of_trees(a in value(), b in value()) {
        prop_assert_eq!(json_equal(&a.to_string(), &b.to_string()), a == b);
        prop_assert!(json_equal(&a.to_string(), &serde_json::to_string_pretty(&a).expect("JSON")));
    }
}
