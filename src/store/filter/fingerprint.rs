//! A hash of what a filter means, for cursors.

use crate::json::number;
use crate::store::cursor::StableHash;

use super::operand::{Bound, Operand};
use super::path::Step;
use super::{All, Comparison, Field, Node, Test};

/// The fingerprint of a whole filter; never 0.
pub(super) fn fingerprint(root: &All) -> u64 {
    all(root).max(1)
}

/// The hash of parts whose order says something.
fn sequence(purpose: &str, parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = StableHash::new(purpose);
    let mut count = 0;
    for part in parts {
        hash.number(part);
        count += 1;
    }
    hash.number(count);
    hash.finish()
}

/// The hash of parts whose order says nothing.
fn set(purpose: &str, parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut parts: Vec<u64> = parts.into_iter().collect();
    parts.sort_unstable();
    sequence(purpose, parts)
}

fn all(conditions: &All) -> u64 {
    let others = conditions.others.iter().map(|node| match node {
        Node::Any(choices) => set("or", choices.iter().map(all)),
        Node::Not(conditions) => sequence("not", [all(conditions)]),
    });
    set("and", conditions.fields.iter().map(field).chain(others))
}

fn field(field: &Field) -> u64 {
    let mut hash = StableHash::new("field");
    hash.text(&field.written[..field.name_len]);
    for step in &field.steps {
        match step {
            Step::Member(name) => {
                hash.number(1);
                hash.text(name);
            }
            Step::Element(index) => {
                hash.number(2);
                hash.number(*index as u64);
            }
        }
    }
    hash.number(0);
    hash.number(test(&field.test));
    hash.finish()
}

fn test(test_: &Test) -> u64 {
    match test_ {
        Test::Equal(value) => sequence("equal", [operand(value)]),
        Test::Members(conditions) => sequence("members", [all(conditions)]),
        Test::Compare(comparison, bound) => {
            let purpose = match comparison {
                Comparison::Equal => "equal",
                Comparison::Greater => "greater",
                Comparison::GreaterOrEqual => "greater or equal",
                Comparison::Less => "less",
                Comparison::LessOrEqual => "less or equal",
            };
            sequence(
                purpose,
                [match bound {
                    Bound::Number(value) => numeric(value.text()),
                    Bound::String(value) => text(value),
                }],
            )
        }
        Test::In(values) => set("in", values.iter().map(operand)),
        Test::Exists => sequence("exists", []),
        Test::Both(tests) => set("both", tests.iter().map(test)),
        Test::Either(tests) => set("either", tests.iter().map(test)),
        Test::Not(inner) => sequence("complement", [test(inner)]),
    }
}

fn numeric(value: &str) -> u64 {
    let mut hash = StableHash::new("number");
    number::hash(value, hash.hasher());
    hash.finish()
}

fn text(value: &str) -> u64 {
    let mut hash = StableHash::new("string");
    hash.text(value);
    hash.finish()
}

fn operand(value: &Operand) -> u64 {
    match value {
        Operand::Null => sequence("null", []),
        Operand::Boolean(value) => sequence("boolean", [u64::from(*value)]),
        Operand::Number(value) => numeric(value.text()),
        Operand::String(value) => text(value),
        Operand::Array(items) => sequence("array", items.iter().map(operand)),
        // Sorted by name and without repetition, so their order is always the same.
        Operand::Object(members) => {
            sequence("object", members.iter().flat_map(|(name, value)| [text(name), operand(value)]))
        }
        Operand::TooDeep => sequence("too deep", []),
    }
}
