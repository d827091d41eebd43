//! A hash of what a filter means, for cursors.

use crate::json::number;
use crate::store::cursor::{Part, StableHash};

use super::operand::{Bound, Operand};
use super::path::Step;
use super::{All, Comparison, Field, Node, Test};

/// The fingerprint of a whole filter; never 0.
pub(super) fn fingerprint(root: &All) -> u64 {
    all(root).max(1)
}

/// The hash of parts whose order says something.
fn sequence(kind: Part, parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut hash = StableHash::new(kind);
    let mut count = 0;
    for part in parts {
        hash.number(part);
        count += 1;
    }
    hash.number(count);
    hash.finish()
}

/// The hash of parts whose order says nothing.
fn set(kind: Part, parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut parts: Vec<u64> = parts.into_iter().collect();
    parts.sort_unstable();
    sequence(kind, parts)
}

fn all(conditions: &All) -> u64 {
    let others = conditions.others.iter().map(|node| match node {
        Node::Any(choices) => set(Part::Or, choices.iter().map(all)),
        Node::Not(conditions) => sequence(Part::Not, [all(conditions)]),
    });
    set(Part::And, conditions.fields.iter().map(field).chain(others))
}

fn field(field: &Field) -> u64 {
    let mut hash = StableHash::new(Part::Field);
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
        Test::Equal(value) => sequence(Part::Equal, [operand(value)]),
        Test::Members(conditions) => sequence(Part::Members, [all(conditions)]),
        Test::Compare(comparison, bound) => {
            let kind = match comparison {
                Comparison::Equal => Part::Equal,
                Comparison::Greater => Part::Greater,
                Comparison::GreaterOrEqual => Part::GreaterOrEqual,
                Comparison::Less => Part::Less,
                Comparison::LessOrEqual => Part::LessOrEqual,
            };
            sequence(
                kind,
                [match bound {
                    Bound::Number(value) => numeric(value.text()),
                    Bound::String(value) => text(value),
                }],
            )
        }
        Test::In(values) => set(Part::In, values.iter().map(operand)),
        Test::Exists => sequence(Part::Exists, []),
        Test::Both(tests) => set(Part::Both, tests.iter().map(test)),
        Test::Either(tests) => set(Part::Either, tests.iter().map(test)),
        Test::Not(inner) => sequence(Part::Complement, [test(inner)]),
    }
}

fn numeric(value: &str) -> u64 {
    let mut hash = StableHash::new(Part::Number);
    number::hash(value, hash.hasher());
    hash.finish()
}

fn text(value: &str) -> u64 {
    let mut hash = StableHash::new(Part::String);
    hash.text(value);
    hash.finish()
}

fn operand(value: &Operand) -> u64 {
    match value {
        Operand::Null => sequence(Part::Null, []),
        Operand::Boolean(value) => sequence(Part::Boolean, [u64::from(*value)]),
        Operand::Number(value) => numeric(value.text()),
        Operand::String(value) => text(value),
        Operand::Array(items) => sequence(Part::Array, items.iter().map(operand)),
        // Sorted by name and without repetition, so their order is always the same.
        Operand::Object(members) => {
            sequence(Part::Object, members.iter().flat_map(|(name, value)| [text(name), operand(value)]))
        }
        Operand::TooDeep => sequence(Part::TooDeep, []),
    }
}
