//! Declared indexes: which members a file keeps an index on.
//!
//! An index of the file is on `json_extract(value, <path>)` and `updated_at`, and its name holds
//! the member as it is declared. It only ever narrows what is looked at: what SQLite makes of a
//! value is close to, but not, what filters mean by it (`scan::members` has the differences).

use rusqlite::{Connection, TransactionBehavior};

use super::error::map;
use crate::error::{Code, Error, Result};
use crate::json::text::push_string;

/// The beginning of the indexes' names.
const PREFIX: &str = "items_member_";

/// A declared index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// As declared, and as filters name it.
    pub name: String,
    /// The index's name, quoted for SQL.
    pub index: String,
    /// The indexed expression.
    pub expression: String,
}

impl Member {
    /// From the configuration; `paths` says that names are paths (`a.b`, `a[0]`).
    pub fn new(name: &str, paths: bool) -> Option<Self> {
        // SQLite's paths have their own escapes for these; nobody names members so.
        if name.is_empty() || name.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
            return None;
        }
        let mut path = String::from("$");
        if paths {
            for step in name.split('.') {
                let (member, elements) = step.split_at(step.find('[').unwrap_or(step.len()));
                let plain =
                    elements.bytes().all(|byte| byte.is_ascii_digit() || byte == b'[' || byte == b']');
                if member.is_empty() || member.contains(']') || !plain {
                    return None;
                }
                path.push_str(&format!(".\"{member}\"{elements}"));
            }
        } else {
            path.push_str(&format!(".\"{name}\""));
        }
        Some(Self {
            name: name.to_owned(),
            index: format!("\"{PREFIX}{name}\""),
            expression: format!("json_extract(value,'{}')", path.replace('\'', "''")),
        })
    }

    /// All of a configuration, or an error that names the one which can't be.
    pub fn all(names: &[String], paths: bool) -> Result<Vec<Self>> {
        let member = |(at, name): (usize, &String)| {
            Self::new(name, paths).ok_or_else(|| {
                let why = "a member with an index is not empty and has no quotes, backslashes and control characters";
                Error::invalid(format!("indexes[{at}]"), if paths { "not a path, or: ".to_owned() + why } else { why.to_owned() })
            })
        };
        names.iter().enumerate().map(member).collect()
    }

    fn statement(&self) -> String {
        format!("CREATE INDEX {} ON items({},updated_at)", self.index, self.expression)
    }
}

/// Makes the file's indexes those that are declared.
pub fn declare(connection: &mut Connection, members: &[Member]) -> Result<()> {
    if difference(connection, members)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(map)?;
    // Once more under the lock: another process may just have made them.
    for statement in difference(&transaction, members)? {
        transaction.execute_batch(&statement).map_err(|error| {
            let error = map(error);
            Error::new(error.code(), format!("{statement}: {}", error.message())).at("indexes")
        })?;
    }
    let mut names = String::new();
    push_names(&mut names, members.iter().map(|member| member.name.as_str()));
    transaction
        .execute("INSERT OR REPLACE INTO meta(name,value) VALUES('indexes',?1)", [&names])
        .map_err(map)?;
    transaction.commit().map_err(map)
}

/// The statements that are missing.
fn difference(connection: &Connection, members: &[Member]) -> Result<Vec<String>> {
    let mut query = connection
        .prepare("SELECT name,sql FROM sqlite_schema WHERE type='index' AND name GLOB ?1||'*'")
        .map_err(map)?;
    let mut rows = query.query([PREFIX]).map_err(map)?;
    let mut wanted: Vec<String> = members.iter().map(Member::statement).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut statements = Vec::new();
    while let Some(row) = rows.next().map_err(map)? {
        let (name, text): (String, String) = (row.get(0).map_err(map)?, row.get(1).map_err(map)?);
        match wanted.iter().position(|statement| *statement == text) {
            Some(at) => drop(wanted.remove(at)),
            None => statements.push(format!("DROP INDEX \"{name}\"")),
        }
    }
    statements.extend(wanted);
    Ok(statements)
}

/// Appends names as a JSON array.
pub fn push_names<'a>(out: &mut String, names: impl Iterator<Item = &'a str>) {
    out.push('[');
    for (index, name) in names.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, name);
    }
    out.push(']');
}

/// Whether an error says that the index which a statement names is not there (any more), or is on
/// something else (a process with another `filter_paths` gives one name another meaning).
pub fn is_missing(error: &Error) -> bool {
    let said = |text| error.message().contains(text);
    error.code() == Code::Backend && (said("no such index") || said("no query solution"))
}
