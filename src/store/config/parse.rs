//! From text to a checked configuration, and which source wins.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::schema::{self, Node, join};
use super::{Config, check, env, url};
use crate::error::{Code, Error, Result};

/// Members that one source sets, in the shape of the document.
pub(super) type Members = Map<String, Value>;

impl Config {
    /// Reads a configuration: a JSON document, a URL (`memory:`, `file:/data/x.db?durability=normal`),
    /// or nothing, which means the environment. A document or URL may ask for the environment too
    /// (`from_env`). The environment is not looked at otherwise.
    ///
    /// What the text says wins over single variables (`LGSTORE_DURABILITY`), these over the document
    /// or URL in `LGSTORE_CONFIG` or `LGSTORE_URL`, that (for a cluster) over the names that other
    /// clients use (`SCYLLADB_CONTACT_POINTS`), and that over the defaults.
    ///
    /// Errors: `InvalidArg` with the field (or the variable), `Json` for text that is no JSON,
    /// `Unsupported` for backends that this version has not.
    pub fn parse(text: &str) -> Result<Config> {
        Self::parse_with(text, std::env::vars_os)
    }

    /// The same with an environment of the caller's.
    ///
    /// Errors: as [`Config::parse`].
    pub fn parse_with<E>(text: &str, environment: impl FnOnce() -> E) -> Result<Config>
    where
        E: IntoIterator<Item = (OsString, OsString)>,
    {
        let mut members = if text.trim().is_empty() { Members::new() } else { members(text)? };
        if text.trim().is_empty() || members.get("from_env") == Some(&Value::Bool(true)) {
            let environment: Vec<_> = environment().into_iter().collect();
            fill(&mut members, env::members(&environment)?);
            if members.get("backend").and_then(Value::as_str) == Some("cql") {
                fill(&mut members, env::aliases(&environment)?);
            }
        }
        // Said and done; what is in force does not depend on it any more.
        members.remove("from_env");
        let config = Config::deserialize_checked(members)?;
        check::check(config)
    }

    fn deserialize_checked(members: Members) -> Result<Config> {
        // Every source was checked against the schema, which is made from the same types.
        serde_json::from_value(Value::Object(members)).map_err(|error| {
            Error::new(Code::InvalidArg, format!("the configuration is not usable: {error}"))
        })
    }
}

/// The members that a text sets, checked: a document or a URL.
pub(super) fn members(text: &str) -> Result<Members> {
    let text = text.trim();
    let members = if text.starts_with('{') { document(text)? } else { url::members(text)? };
    let value = Value::Object(members);
    schema::check(Node::root(), &value, "")?;
    match value {
        Value::Object(members) => Ok(members),
        _ => unreachable!("made as an object above"),
    }
}

/// Takes from `below` what `members` leaves out, group by group.
pub(super) fn fill(members: &mut Members, below: Members) {
    for (name, value) in below {
        match (members.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(value)) => fill(own, value),
            (Some(_), _) => {}
            (None, value) => drop(members.insert(name, value)),
        }
    }
}

/// Sets a plain value by its path, making the groups above it; false when it was set before.
pub(super) fn set(members: &mut Members, path: &str, value: Value) -> bool {
    match path.split_once('.') {
        None => members.insert(path.to_owned(), value).is_none(),
        Some((group, rest)) => {
            let group = members.entry(group).or_insert_with(|| Value::Object(Map::new()));
            group.as_object_mut().is_some_and(|group| set(group, rest, value))
        }
    }
}

/// A JSON value from the text of a URL's or variable's value, by what its place may hold. Text that
/// does not fit stays text, and the check against the schema says what was wanted.
pub(super) fn value(node: Node, text: &str) -> Value {
    if node.allows("array") {
        if text.starts_with('[') {
            return serde_json::from_str(text).unwrap_or_else(|_| text.into());
        }
        return text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    }
    if node.allows("string") {
        return text.into();
    }
    if node.named().is_some() {
        return serde_json::from_str(text).unwrap_or_else(|_| text.into());
    }
    match text {
        "null" if node.allows("null") => return Value::Null,
        "true" | "1" if node.allows("boolean") => return true.into(),
        "false" | "0" if node.allows("boolean") => return false.into(),
        _ => {}
    }
    let number = match text.parse::<u64>() {
        Ok(integer) => Some(integer.into()),
        // Rust also reads "inf" and "nan", which no JSON number is.
        Err(_) => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64),
    };
    match number {
        Some(number) if node.allows("integer") || node.allows("number") => Value::Number(number),
        _ => text.into(),
    }
}

/// Reads a JSON object; a member that stands twice in one object is an error.
fn document(text: &str) -> Result<Members> {
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { path: "", twice: &twice }.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    match (twice.into_inner(), read) {
        (Some(path), _) => Err(Error::invalid(path, "stands twice in the document")),
        (None, Ok(Value::Object(members))) => Ok(members),
        (None, Ok(_)) => Err(Error::new(Code::InvalidArg, "the configuration must be a JSON object")),
        (None, Err(error)) => Err(Error::new(Code::Json, format!("the configuration is not JSON: {error}"))),
    }
}

/// Reads a value with the path to it, which a refused member is reported by.
struct Strict<'a> {
    path: &'a str,
    twice: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let mut read = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, read.len());
            match items.next_element_seed(Strict { path: &path, twice: self.twice })? {
                Some(item) => read.push(item),
                None => return Ok(Value::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = join(self.path, &name);
            let value = members.next_value_seed(Strict { path: &path, twice: self.twice })?;
            if read.insert(name, value).is_some() {
                self.twice.replace(Some(path));
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(read))
    }
}
