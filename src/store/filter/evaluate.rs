//! Tests a value's text.

use std::cmp::Ordering;

use crate::json::pick::{member, members};

use super::path::walk;
use super::{All, Comparison, Field, Node, Test};

impl All {
    /// Whether all conditions hold for the object with this text (also for what is not an object,
    /// which has no members).
    #[inline]
    pub(super) fn holds(&self, object: &str, duplicates: bool) -> bool {
        fields_hold(&self.fields, object, duplicates)
            && self.others.iter().all(|node| match node {
                Node::Any(choices) => choices.iter().any(|all| all.holds(object, duplicates)),
                Node::Not(all) => !all.holds(object, duplicates),
            })
    }
}

/// Tests members as they come by, until one fails or all are tested.
fn fields_hold(fields: &[Field], object: &str, duplicates: bool) -> bool {
    if duplicates || fields.len() > 64 {
        // The slow way, where a later member may replace an earlier one.
        return fields.iter().all(|field| field.holds(member(object, field.name(), duplicates), duplicates));
    }
    if fields.is_empty() {
        return true;
    }
    let mut open = u64::MAX >> (64 - fields.len());
    for (name, text) in members(object) {
        for (index, field) in fields.iter().enumerate() {
            if open & (1 << index) != 0 && name.is(field.name()) {
                if !field.holds(Some(text), duplicates) {
                    return false;
                }
                open &= !(1 << index);
            }
        }
        if open == 0 {
            return true;
        }
    }
    let missing = |index: &usize| open & (1 << index) != 0;
    (0..fields.len()).filter(missing).all(|index| fields[index].test.holds(None, duplicates))
}

impl Field {
    fn name(&self) -> &str {
        &self.written[..self.name_len]
    }

    #[inline]
    fn holds(&self, member: Option<&str>, duplicates: bool) -> bool {
        let value = match member {
            Some(text) if !self.steps.is_empty() => walk(text, &self.steps, duplicates),
            other => other,
        };
        self.test.holds(value, duplicates)
    }
}

impl Test {
    fn holds(&self, value: Option<&str>, duplicates: bool) -> bool {
        match self {
            Test::Not(test) => return !test.holds(value, duplicates),
            Test::Both(tests) => return tests.iter().all(|test| test.holds(value, duplicates)),
            Test::Either(tests) => return tests.iter().any(|test| test.holds(value, duplicates)),
            Test::Equal(_) | Test::Members(_) | Test::Compare(..) | Test::In(_) | Test::Exists => {}
        }
        let Some(value) = value else { return false };
        match self {
            Test::Equal(operand) => operand.equals(value, duplicates),
            Test::Members(all) => value.starts_with('{') && all.holds(value, duplicates),
            Test::Compare(comparison, bound) => {
                bound.compare(value).is_some_and(|ordering| comparison.holds(ordering))
            }
            Test::In(operands) => operands.iter().any(|operand| operand.equals(value, duplicates)),
            Test::Exists | Test::Not(_) | Test::Both(_) | Test::Either(_) => true,
        }
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
        }
    }
}
