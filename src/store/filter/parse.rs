//! Takes a filter's text apart and checks it.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::json::Type;
use crate::json::pick::{elements, members, type_of};
use crate::json::reader::Reader;
use crate::json::string::RawString;

use super::operand::{Bound, Operand};
use super::{All, Comparison, FILTER_DEPTH, Field, Filter, Node, Test, fingerprint, path};

impl Filter {
    /// Reads the filter that comes next. `paths`: member names are paths.
    ///
    /// # Errors
    /// `Json` for what is no JSON or nests deeper than [`FILTER_DEPTH`]; `InvalidArg` for what is no
    /// filter: an unknown operator, operators mixed with plain members, an operand of a wrong type.
    /// Each with the path of the place.
    pub fn read(reader: &mut Reader<'_>, paths: bool) -> Result<Filter> {
        reader.expect(Type::Object)?;
        let raw = reader.raw(FILTER_DEPTH)?;
        let parser = Parser { reader, paths, duplicates: raw.duplicates };
        let mut root = All::default();
        parser.object(raw.text, &mut root)?;
        Ok(Filter { fingerprint: fingerprint::fingerprint(&root), root })
    }

    /// Reads a filter from a text of its own.
    pub fn parse(text: &str, paths: bool) -> Result<Filter> {
        let mut reader = Reader::new(text);
        let filter = Filter::read(&mut reader, paths)?;
        reader.end()?;
        Ok(filter)
    }
}

/// The text is validated and at most `FILTER_DEPTH` deep: that bounds all recursion here.
struct Parser<'r, 'a> {
    reader: &'r Reader<'a>,
    paths: bool,
    /// Some object in the filter repeats a name; where, is still to be found out.
    duplicates: bool,
}

impl<'a> Parser<'_, 'a> {
    /// Adds the conditions of a filter object to `all`.
    fn object(&self, text: &'a str, all: &mut All) -> Result<()> {
        self.refuse_repeats(text)?;
        for (name, operand) in members(text) {
            match &*name.to_cow() {
                // Conditions of `$and` join those around it, to be tested in the same pass.
                "$and" => self.filters(operand, |part| self.object(part, all))?,
                "$or" => {
                    let mut choices = Vec::new();
                    self.filters(operand, |part| {
                        let mut choice = All::default();
                        self.object(part, &mut choice)?;
                        choices.push(choice);
                        Ok(())
                    })?;
                    all.others.push(Node::Any(choices));
                }
                "$not" => {
                    self.expect(operand, Type::Object)?;
                    let mut inner = All::default();
                    self.object(operand, &mut inner)?;
                    all.others.push(Node::Not(inner));
                }
                other if other.starts_with('$') => return Err(self.unsupported(other, operand)),
                other => all.fields.push(self.field(other, operand)?),
            }
        }
        Ok(())
    }

    /// Gives `each` the filters in the array `text`.
    fn filters(&self, text: &'a str, mut each: impl FnMut(&'a str) -> Result<()>) -> Result<()> {
        self.expect(text, Type::Array)?;
        elements(text).try_for_each(|part| {
            self.expect(part, Type::Object)?;
            each(part)
        })
    }

    fn field(&self, written: &str, operand: &'a str) -> Result<Field> {
        let (name_len, steps) = if self.paths {
            let parsed = path::parse(written);
            parsed
                .ok_or_else(|| self.invalid(operand, format!("`{written}` is not a path like a.b or a[0]")))?
        } else {
            (written.len(), Vec::new())
        };
        Ok(Field { written: written.into(), name_len, steps: steps.into(), test: self.test(operand)? })
    }

    /// The test that the operand of a member stands for: operators, or a plain value.
    fn test(&self, operand: &'a str) -> Result<Test> {
        if type_of(operand) != Type::Object {
            return Ok(Test::Equal(Operand::new(operand)));
        }
        self.refuse_repeats(operand)?;
        let is_operator = |name: &RawString<'_>| name.chars().next() == Some('$');
        if !members(operand).any(|(name, _)| is_operator(&name)) {
            let fields = members(operand).map(|(name, inner)| self.field(&name.to_cow(), inner));
            return Ok(Test::Members(All { fields: fields.collect::<Result<_>>()?, others: Vec::new() }));
        }
        let mut tests = Vec::new();
        for (name, inner) in members(operand) {
            if !is_operator(&name) {
                let mixed = "operators and plain members can't stand in one object";
                let message = format!("Unsupported operator: {} ({mixed})", name.to_cow());
                return Err(self.invalid(inner, message));
            }
            tests.push(self.operator(&name.to_cow(), inner)?);
        }
        Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Both(tests) })
    }

    fn operator(&self, name: &str, operand: &'a str) -> Result<Test> {
        let not = |test| Test::Not(Box::new(test));
        let compare = |comparison| match Bound::new(operand) {
            Some(bound) => Test::Compare(comparison, bound),
            // Nothing is greater or less than null, a boolean, an array or an object.
            None => Test::Either(Vec::new()),
        };
        Ok(match name {
            "$eq" => Test::Equal(Operand::new(operand)),
            "$ne" => not(Test::Equal(Operand::new(operand))),
            "$gt" => compare(Comparison::Greater),
            "$gte" => compare(Comparison::GreaterOrEqual),
            "$lt" => compare(Comparison::Less),
            "$lte" => compare(Comparison::LessOrEqual),
            "$in" => Test::In(self.list(operand)?),
            "$nin" => not(Test::In(self.list(operand)?)),
            "$exists" => {
                self.expect(operand, Type::Boolean)?;
                if operand == "true" { Test::Exists } else { not(Test::Exists) }
            }
            "$not" => not(self.test(operand)?),
            "$and" => Test::Both(self.tests(operand)?),
            "$or" => Test::Either(self.tests(operand)?),
            _ => return Err(self.unsupported(name, operand)),
        })
    }

    fn list(&self, operand: &'a str) -> Result<Vec<Operand>> {
        self.expect(operand, Type::Array)?;
        Ok(elements(operand).map(Operand::new).collect())
    }

    fn tests(&self, operand: &'a str) -> Result<Vec<Test>> {
        self.expect(operand, Type::Array)?;
        elements(operand).map(|part| self.test(part)).collect()
    }

    /// A name that stands twice in one filter object is a mistake: a reader would see only one.
    fn refuse_repeats(&self, text: &'a str) -> Result<()> {
        if !self.duplicates {
            return Ok(());
        }
        let mut names = HashSet::new();
        for (name, operand) in members(text) {
            let name = name.to_cow();
            if names.contains(&name) {
                return Err(self.invalid(operand, format!("`{name}` stands here twice")));
            }
            names.insert(name);
        }
        Ok(())
    }

    fn expect(&self, text: &'a str, wanted: Type) -> Result<()> {
        let found = type_of(text);
        if found == wanted {
            return Ok(());
        }
        Err(self.invalid(text, format!("must be {}, not {}", wanted.described(), found.described())))
    }

    fn invalid(&self, part: &'a str, message: String) -> Error {
        self.reader.invalid(self.reader.offset_of(part), message)
    }

    fn unsupported(&self, name: &str, operand: &'a str) -> Error {
        self.invalid(operand, format!("Unsupported operator: {name}"))
    }
}
