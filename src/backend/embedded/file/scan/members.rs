//! Candidates for a filter from declared indexes.
//!
//! A condition on the indexed expression must hold for every item that matches, whatever else it
//! lets through, for the filter is asked again. Where SQLite and filters differ:
//! * `json_extract` gives `true` and `1` as the same number: let through;
//! * it rounds numbers, filters compare decimals of any size: other numbers than small integers
//!   are looked for with a tolerance far above any rounding;
//! * it may end a string at a NUL: texts with one are not looked for, and `$gt` looks from the
//!   text itself on, so that a shortened string is met;
//! * null and missing are the same to it: not looked for;
//! * of two members with one name it takes the first, filters the last: items that may have such
//!   (`flags`) are always candidates.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, ToSql};

use super::super::error::map;
use super::super::members::Member;
use super::super::row;
use super::super::session::Session;
use super::super::sql;
use crate::error::Result;
use crate::store::filter::{Comparison, Filter, Scalar, Term};

/// Integers up to here are doubles exactly, however they are spelt.
const EXACT: i64 = 1 << 53;
/// Relative width of a search for other numbers; doubles are spaced by about 2e-16.
const TOLERANCE: f64 = 1e-9;

/// Candidates are few up to this number, and up to one of `FEW_OF` of the table's rows.
const FEW: u64 = 256;
const FEW_OF: u64 = 32;
/// Counting them is part of every search, also of one with a small budget.
const FEW_AT_MOST: u64 = 8_192;

/// What of a filter an index can answer.
pub struct Candidates<'a> {
    member: &'a Member,
    /// On the indexed expression, with `?1`, `?2`… for `values`.
    condition: String,
    values: Vec<Value>,
    /// Within one value of the index the candidates stand in the order of `updated_at`.
    pub ordered: bool,
}

impl<'a> Candidates<'a> {
    /// The best index for the filter: one whose member must equal something, or else is bounded.
    pub fn new(filter: &Filter, members: &'a [Member]) -> Option<Self> {
        if members.is_empty() {
            return None;
        }
        let terms = filter.index_terms();
        let of = |name: &str| members.iter().find(|member| member.name == name);
        let equal = terms.iter().filter(|term| term.comparison == Comparison::Equal);
        for term in equal {
            if let Some(member) = of(term.member)
                && let Some(candidates) = Self::bounded(member, std::iter::once(term))
            {
                return Some(candidates);
            }
        }
        terms.iter().find_map(|term| {
            Self::bounded(of(term.member)?, terms.iter().filter(|other| other.member == term.member))
        })
    }

    fn bounded<'t>(member: &'a Member, terms: impl Iterator<Item = &'t Term<'t>>) -> Option<Self> {
        let mut candidates = Self { member, condition: String::new(), values: Vec::new(), ordered: false };
        for term in terms {
            match term.scalar {
                Scalar::Null => {}
                Scalar::Boolean(value) if term.comparison == Comparison::Equal => {
                    candidates.equal(Value::Integer(i64::from(value)));
                }
                Scalar::Boolean(_) => {}
                Scalar::String(text) => candidates.text(term.comparison, text),
                Scalar::Number(text) => candidates.number(term.comparison, text),
            }
        }
        (!candidates.condition.is_empty()).then_some(candidates)
    }

    fn text(&mut self, comparison: Comparison, text: &str) {
        if text.contains('\0') {
            return;
        }
        let value = Value::Text(text.to_owned());
        match comparison {
            Comparison::Equal => self.equal(value),
            Comparison::Greater | Comparison::GreaterOrEqual => self.and(">=", value),
            Comparison::Less | Comparison::LessOrEqual => {
                self.and("<=", value);
                // Numbers sort before all texts.
                self.and(">=", Value::Text(String::new()));
            }
        }
    }

    fn number(&mut self, comparison: Comparison, text: &str) {
        if let Ok(integer) = text.parse::<i64>()
            && comparison == Comparison::Equal
            && integer.abs() <= EXACT
        {
            return self.equal(Value::Integer(integer));
        }
        let Ok(number) = text.parse::<f64>() else { return };
        let number = number.clamp(f64::MIN, f64::MAX);
        let around = number.abs() * TOLERANCE + f64::MIN_POSITIVE;
        if !matches!(comparison, Comparison::Less | Comparison::LessOrEqual) {
            self.and(">=", Value::Real(number - around));
        }
        if matches!(comparison, Comparison::Greater | Comparison::GreaterOrEqual) {
            self.and("<", Value::Text(String::new()));
        } else {
            self.and("<=", Value::Real(number + around));
        }
    }

    fn equal(&mut self, value: Value) {
        self.and("=", value);
        self.ordered = true;
    }

    fn and(&mut self, operator: &str, value: Value) {
        if !self.condition.is_empty() {
            self.condition.push_str(" AND ");
        }
        self.values.push(value);
        self.condition.push_str(&format!("{}{operator}?{}", self.member.expression, self.values.len()));
    }

    /// Whether the candidates are few enough to be collected instead of walking a table of `total`
    /// rows.
    pub fn are_few(&self, session: &Session, total: u64) -> Result<bool> {
        let most = (total / FEW_OF).clamp(FEW, FEW_AT_MOST);
        let at = self.values.len() + 1;
        let text = format!(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM items INDEXED BY {index} WHERE {condition} LIMIT ?{at})) \
             + (SELECT count(*) FROM (SELECT 1 FROM items WHERE flags<>0 LIMIT ?{at}))",
            index = self.member.index,
            condition = self.condition,
        );
        let mut statement = self.prepare(session, &text)?;
        statement
            .raw_bind_parameter(at, i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX))
            .map_err(map)?;
        let mut rows = statement.raw_query();
        let count = match rows.next().map_err(map)? {
            Some(row) => row::integer(row, 0)?.max(0) as u64,
            None => 0,
        };
        Ok(count <= most)
    }

    /// The candidates as places (`sql::place!`), in no order.
    pub fn places<'s>(&self, session: &'s Session) -> Result<CachedStatement<'s>> {
        let text = format!(
            "SELECT {} FROM items INDEXED BY {} WHERE {} AND flags=0 UNION ALL \
             SELECT {} FROM items WHERE flags<>0",
            sql::PLACE,
            self.member.index,
            self.condition,
            sql::PLACE
        );
        self.prepare(session, &text)
    }

    /// The candidates as whole rows in the order of `updated_at`, from `start` on; only if
    /// `ordered`. SQLite merges the two parts, which both come in order.
    pub fn in_order<'s>(
        &self,
        session: &'s Session,
        descending: bool,
        start: i64,
    ) -> Result<CachedStatement<'s>> {
        let at = self.values.len() + 1;
        let text = self.ordered_text(descending);
        let mut statement = self.prepare(session, &text)?;
        statement.raw_bind_parameter(at, start).map_err(map)?;
        Ok(statement)
    }

    /// The statement of `in_order`.
    pub fn ordered_text(&self, descending: bool) -> String {
        let (compare, direction) = if descending { ("<=", "DESC") } else { (">=", "ASC") };
        let at = self.values.len() + 1;
        format!(
            "SELECT {columns} FROM items INDEXED BY {index} WHERE {condition} AND updated_at{compare}?{at} \
             AND flags=0 UNION ALL SELECT {columns} FROM items WHERE flags<>0 AND updated_at{compare}?{at} \
             ORDER BY updated_at {direction}",
            columns = sql::TIMED,
            index = self.member.index,
            condition = self.condition,
        )
    }

    fn prepare<'s>(&self, session: &'s Session, text: &str) -> Result<CachedStatement<'s>> {
        let mut statement = session.connection().prepare_cached(text).map_err(map)?;
        for (index, value) in self.values.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Borrowed(value)).map_err(map)?;
        }
        Ok(statement)
    }
}

/// Binds a value without a copy of it.
struct Borrowed<'a>(&'a Value);

impl ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::from(self.0)))
    }
}
