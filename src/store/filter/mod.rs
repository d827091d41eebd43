//! Filters: which items a search, a count or a delete_prefix means, decided on the value's text.
//!
//! One evaluator for every backend. A filter is taken apart once per request; after that an item
//! costs one pass over the members that the filter names, without a tree and without allocation.

mod evaluate;
mod fingerprint;
mod operand;
mod parse;
mod path;
#[cfg(test)]
mod tests;

pub use operand::json_equal;

use operand::{Bound, Operand};
use path::Step;

/// How deep a filter may nest.
pub const FILTER_DEPTH: usize = 128;

/// A parsed filter.
#[derive(Clone, Debug)]
pub struct Filter {
    root: All,
    fingerprint: u64,
}

/// Conditions on one object that must all hold.
#[derive(Clone, Debug, Default)]
struct All {
    fields: Vec<Field>,
    others: Vec<Node>,
}

/// A condition on one object that is not about a member of it alone.
#[derive(Clone, Debug)]
enum Node {
    /// `$or`
    Any(Vec<All>),
    /// `$not`
    Not(All),
}

/// A condition on one member, or on what a path leads to.
#[derive(Clone, Debug)]
struct Field {
    /// As written in the filter, unescaped.
    written: Box<str>,
    /// The length of the member's name, which `written` begins with.
    name_len: usize,
    /// The way on from that member.
    steps: Box<[Step]>,
    test: Test,
}

/// What a member's value, or its absence, is tested for.
#[derive(Clone, Debug)]
enum Test {
    /// Equal as JSON.
    Equal(Operand),
    /// An object whose members pass.
    Members(All),
    /// Of the bound's type, and in this relation to it.
    Compare(Comparison, Bound),
    /// Equal to one of these.
    In(Vec<Operand>),
    /// There, be it null.
    Exists,
    /// All of these hold.
    Both(Vec<Test>),
    /// One of these holds; none holds of none.
    Either(Vec<Test>),
    /// The complement: what is missing passes if it does not pass the inner test.
    Not(Box<Test>),
}

/// The relations that an index can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A scalar of a filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number as it is written in the filter.
    Number(&'a str),
    /// A string, unescaped.
    String(&'a str),
}

/// A condition that every matching item meets: a hint for engines with indexes. The engine still
/// asks [`Filter::matches`]; the terms only bound what it must look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term<'a> {
    /// The member (or, with `filter_paths`, the path) as written in the filter, unescaped.
    pub member: &'a str,
    /// The relation of the member's value to `scalar`.
    pub comparison: Comparison,
    /// What it is compared with.
    pub scalar: Scalar<'a>,
}

impl Filter {
    /// Whether an item matches. `value` is its text, validated JSON of an object; `duplicates`
    /// (from its meta data) makes the last of several members of one name count.
    #[inline]
    pub fn matches(&self, value: &str, duplicates: bool) -> bool {
        self.root.holds(value, duplicates)
    }

    /// A hash of what the filter means: the same for the same filter in another order of members or
    /// spelling, in every process and release. Never 0, which stands for no filter.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Whether the filter matches every item.
    pub fn is_empty(&self) -> bool {
        self.root.fields.is_empty() && self.root.others.is_empty()
    }

    /// The comparisons with scalars that all matching items pass (those in `$or` and `$not` are
    /// not among them).
    pub fn index_terms(&self) -> Vec<Term<'_>> {
        let mut terms = Vec::new();
        for field in &self.root.fields {
            push_terms(&mut terms, &field.written, &field.test);
        }
        terms
    }
}

fn push_terms<'a>(terms: &mut Vec<Term<'a>>, member: &'a str, test: &'a Test) {
    match test {
        Test::Equal(operand) => {
            if let Some(scalar) = operand.scalar() {
                terms.push(Term { member, comparison: Comparison::Equal, scalar });
            }
        }
        Test::Compare(comparison, bound) => {
            terms.push(Term { member, comparison: *comparison, scalar: bound.scalar() });
        }
        Test::Both(tests) => tests.iter().for_each(|test| push_terms(terms, member, test)),
        Test::Members(_) | Test::In(_) | Test::Exists | Test::Either(_) | Test::Not(_) => {}
    }
}
