//! Filters as the rules say them, on trees and without any cleverness: what the library's evaluator
//! is measured against. Also used by the fuzz targets.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Greatest exponent whose numbers are written out in full; filters with others are not judged.
const WRITTEN_OUT: i64 = 400;

/// A JSON value. Of several members of one name the last counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Boolean(bool),
    Number(Number),
    String(String),
    Array(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

/// A number written out: its sign, and its digits with `WRITTEN_OUT` places behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    digits: String,
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let (sign, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let exponent: i64 =
            exponent.parse().ok().filter(|exponent: &i64| exponent.abs() < WRITTEN_OUT / 2)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let places = WRITTEN_OUT + exponent - fraction.len() as i64;
        let zeros = usize::try_from(places).ok()?;
        let digits = format!("{whole}{fraction}{}", "0".repeat(zeros));
        let digits = digits.trim_start_matches('0').to_owned();
        Some(Number { negative: sign && !digits.is_empty(), digits })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Number, b: &Number| (a.digits.len(), &a.digits).cmp(&(b.digits.len(), &b.digits));
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Tree {
    /// `None` for what is no JSON, too deep for serde_json, or holds a number too far from 1.
    pub fn parse(text: &str) -> Option<Tree> {
        Tree::of(serde_json::from_str::<&RawValue>(text).ok()?)
    }

    fn of(raw: &RawValue) -> Option<Tree> {
        let text = raw.get();
        Some(match text.as_bytes()[0] {
            b'n' => Tree::Null,
            b't' => Tree::Boolean(true),
            b'f' => Tree::Boolean(false),
            b'"' => Tree::String(serde_json::from_str(text).ok()?),
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Tree::Array(elements.into_iter().map(Tree::of).collect::<Option<_>>()?)
            }
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let members = members.into_iter().map(|(name, value)| Some((name, Tree::of(value)?)));
                Tree::Object(members.collect::<Option<_>>()?)
            }
            _ => Tree::Number(Number::parse(text)?),
        })
    }
}

/// Whether the object `value` passes the filter; `None` for what is no filter.
pub fn matches(filter: &Tree, value: &Tree) -> Option<bool> {
    let Tree::Object(conditions) = filter else { return None };
    // Not `all` on results: a mistake behind the first miss is still a mistake.
    let mut holds = true;
    for (name, operand) in conditions {
        holds &= match name.as_str() {
            "$and" => each(operand, |part| matches(part, value))?.into_iter().all(|part| part),
            "$or" => each(operand, |part| matches(part, value))?.into_iter().any(|part| part),
            "$not" => !matches(operand, value)?,
            name if name.starts_with('$') => return None,
            name => passes(operand, member(value, name))?,
        };
    }
    Some(holds)
}

fn member<'a>(value: &'a Tree, name: &str) -> Option<&'a Tree> {
    match value {
        Tree::Object(members) => members.get(name),
        _ => None,
    }
}

fn each<T>(operand: &Tree, judge: impl Fn(&Tree) -> Option<T>) -> Option<Vec<T>> {
    let Tree::Array(parts) = operand else { return None };
    parts.iter().map(judge).collect()
}

/// Whether what stands at a member (`None` = nothing) passes the operand.
fn passes(operand: &Tree, found: Option<&Tree>) -> Option<bool> {
    let Tree::Object(inner) = operand else { return Some(found == Some(operand)) };
    let operators = inner.keys().filter(|name| name.starts_with('$')).count();
    if operators == 0 {
        let mut holds = matches!(found, Some(Tree::Object(_)));
        for (name, operand) in inner {
            holds &= passes(operand, found.and_then(|value| member(value, name)))?;
        }
        return Some(holds);
    }
    if operators < inner.len() {
        return None;
    }
    let mut holds = true;
    for (name, operand) in inner {
        holds &= operator(name, operand, found)?;
    }
    Some(holds)
}

fn operator(name: &str, operand: &Tree, found: Option<&Tree>) -> Option<bool> {
    let ordered = |wanted: fn(Ordering) -> bool| {
        Some(match (found, operand) {
            (Some(Tree::Number(a)), Tree::Number(b)) => wanted(a.cmp(b)),
            (Some(Tree::String(a)), Tree::String(b)) => wanted(a.cmp(b)),
            _ => false,
        })
    };
    match name {
        "$eq" => Some(found == Some(operand)),
        "$ne" => Some(found != Some(operand)),
        "$gt" => ordered(Ordering::is_gt),
        "$gte" => ordered(Ordering::is_ge),
        "$lt" => ordered(Ordering::is_lt),
        "$lte" => ordered(Ordering::is_le),
        "$in" => Some(each(operand, |one| Some(found == Some(one)))?.into_iter().any(|one| one)),
        "$nin" => Some(!each(operand, |one| Some(found == Some(one)))?.into_iter().any(|one| one)),
        "$exists" => match operand {
            Tree::Boolean(wanted) => Some(found.is_some() == *wanted),
            _ => None,
        },
        "$not" => passes(operand, found).map(|passed| !passed),
        "$and" => Some(each(operand, |one| passes(one, found))?.into_iter().all(|one| one)),
        "$or" => Some(each(operand, |one| passes(one, found))?.into_iter().any(|one| one)),
        _ => None,
    }
}
