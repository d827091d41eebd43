//! What a filter compares with: JSON values taken apart once.

use std::cmp::Ordering;

use crate::json::pick::{elements, members, type_of};
use crate::json::skip::DEEPEST;
use crate::json::string::RawString;
use crate::json::{Type, number};

use super::Scalar;

/// A number of a filter.
#[derive(Clone, Debug)]
pub(super) struct Number {
    text: Box<str>,
    small: Option<i64>,
}

impl Number {
    fn new(text: &str) -> Self {
        Self { text: text.into(), small: number::small_integer(text) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Compares a number in a value (its text) with this one.
    #[inline]
    fn compare(&self, text: &str) -> Ordering {
        match (self.small, number::small_integer(text)) {
            (Some(own), Some(other)) => other.cmp(&own),
            _ => number::compare(text, &self.text),
        }
    }
}

/// What an ordering operator compares with; nothing else has an order.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Number(Number),
    String(Box<str>),
}

impl Bound {
    /// From a value's text; `None` if nothing can be greater or less than it.
    pub(super) fn new(text: &str) -> Option<Self> {
        match type_of(text) {
            Type::Number => Some(Bound::Number(Number::new(text))),
            Type::String => RawString::from_value(text).map(|raw| Bound::String(raw.to_cow().into())),
            _ => None,
        }
    }

    /// Compares a value with the bound; `None` if the types differ.
    #[inline]
    pub(super) fn compare(&self, value: &str) -> Option<Ordering> {
        match self {
            Bound::Number(number) => (type_of(value) == Type::Number).then(|| number.compare(value)),
            Bound::String(text) => RawString::from_value(value).map(|raw| raw.compare(text)),
        }
    }

    pub(super) fn scalar(&self) -> Scalar<'_> {
        match self {
            Bound::Number(number) => Scalar::Number(&number.text),
            Bound::String(text) => Scalar::String(text),
        }
    }
}

/// A JSON value, for deep equality.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Null,
    Boolean(bool),
    Number(Number),
    String(Box<str>),
    Array(Vec<Operand>),
    /// Sorted by name; of several members of one name the last.
    Object(Vec<(Box<str>, Operand)>),
    /// Deeper than any value may be: equal to nothing.
    TooDeep,
}

impl Operand {
    /// From a value's text.
    pub(super) fn new(text: &str) -> Self {
        Self::nested(text, DEEPEST)
    }

    fn nested(text: &str, levels: u32) -> Self {
        match type_of(text) {
            Type::Null => Operand::Null,
            Type::Boolean => Operand::Boolean(text.starts_with('t')),
            Type::Number => Operand::Number(Number::new(text)),
            Type::String => Operand::String(
                RawString::from_value(text).map_or_else(Box::default, |raw| raw.to_cow().into()),
            ),
            Type::Array | Type::Object if levels == 0 => Operand::TooDeep,
            Type::Array => {
                Operand::Array(elements(text).map(|item| Self::nested(item, levels - 1)).collect())
            }
            Type::Object => {
                let mut all: Vec<(Box<str>, Operand)> = members(text)
                    .map(|(name, value)| (name.to_cow().into(), Self::nested(value, levels - 1)))
                    .collect();
                // Stable: equal names stay in their order, and the last of each is kept.
                all.reverse();
                all.sort_by(|a, b| a.0.cmp(&b.0));
                all.dedup_by(|later, earlier| later.0 == earlier.0);
                Operand::Object(all)
            }
        }
    }

    pub(super) fn scalar(&self) -> Option<Scalar<'_>> {
        match self {
            Operand::Null => Some(Scalar::Null),
            Operand::Boolean(value) => Some(Scalar::Boolean(*value)),
            Operand::Number(number) => Some(Scalar::Number(&number.text)),
            Operand::String(text) => Some(Scalar::String(text)),
            Operand::Array(_) | Operand::Object(_) | Operand::TooDeep => None,
        }
    }

    /// Whether a value's text equals this as JSON; its recursion is bounded by the operand's depth.
    pub(super) fn equals(&self, value: &str, duplicates: bool) -> bool {
        match self {
            Operand::Null => value == "null",
            Operand::Boolean(true) => value == "true",
            Operand::Boolean(false) => value == "false",
            Operand::Number(number) => type_of(value) == Type::Number && number.compare(value).is_eq(),
            Operand::String(text) => RawString::from_value(value).is_some_and(|raw| raw.is(text)),
            Operand::Array(items) => {
                let mut found = elements(value);
                value.starts_with('[')
                    && items.iter().all(|item| found.next().is_some_and(|text| item.equals(text, duplicates)))
                    && found.next().is_none()
            }
            Operand::Object(own) => {
                value.starts_with('{')
                    && if duplicates { equals_last(own, value) } else { equals_all(own, value) }
            }
            Operand::TooDeep => false,
        }
    }
}

fn find<'o>(own: &'o [(Box<str>, Operand)], name: &RawString<'_>) -> Option<(usize, &'o Operand)> {
    // `compare` is the name's order to the candidate; the search wants the candidate's to the name.
    let index = own.binary_search_by(|(candidate, _)| name.compare(candidate).reverse()).ok()?;
    Some((index, &own[index].1))
}

/// Of an object whose names are all different.
fn equals_all(own: &[(Box<str>, Operand)], value: &str) -> bool {
    let mut count = 0;
    for (name, text) in members(value) {
        count += 1;
        if count > own.len() || !find(own, &name).is_some_and(|(_, operand)| operand.equals(text, false)) {
            return false;
        }
    }
    count == own.len()
}

/// Of an object in which names may repeat: the last of each counts.
fn equals_last(own: &[(Box<str>, Operand)], value: &str) -> bool {
    let mut last = vec![None; own.len()];
    for (name, text) in members(value) {
        match find(own, &name) {
            Some((index, _)) => last[index] = Some(text),
            None => return false,
        }
    }
    own.iter().zip(last).all(|((_, operand), text)| text.is_some_and(|text| operand.equals(text, true)))
}

/// Whether two validated JSON texts mean the same: order of members, white space and spelling of
/// numbers and strings don't matter; of several members of one name the last counts.
pub fn json_equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_ascii(), b.trim_ascii());
    a == b || Operand::new(a).equals(b, true)
}
