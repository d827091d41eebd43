//! From columns to records.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::map;
use crate::error::{Code, Error, Result};
use crate::store::item::{Meta, Record};

/// Bit of `flags`: some object inside the value has two members of one name.
pub const DUPLICATES: i64 = 1;

/// The record whose columns begin at `at`, in the order of `sql::record!`.
pub fn record<'a>(row: &'a Row<'_>, at: usize) -> Result<Record<'a>> {
    let meta = Meta {
        created_at: integer(row, at)?,
        updated_at: integer(row, at + 1)?,
        version: version(row, at + 2)?,
        expires_at: optional(row, at + 3)?,
        ttl_us: optional(row, at + 4)?,
        duplicates: integer(row, at + 5)? & DUPLICATES != 0,
    };
    Ok(Record { value: text(row, at + 6)?, meta })
}

/// A text column. rusqlite's own conversion checks UTF-8 six times slower.
pub fn text<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a str> {
    match row.get_ref(at).map_err(map)? {
        ValueRef::Text(bytes) => simdutf8::basic::from_utf8(bytes)
            .map_err(|_| Error::new(Code::Corrupt, "a stored text is not UTF-8")),
        other => Err(unexpected("a text", other)),
    }
}

/// An integer column.
pub fn integer(row: &Row<'_>, at: usize) -> Result<i64> {
    match row.get_ref(at).map_err(map)? {
        ValueRef::Integer(number) => Ok(number),
        other => Err(unexpected("an integer", other)),
    }
}

/// An integer column that may be null.
pub fn optional(row: &Row<'_>, at: usize) -> Result<Option<i64>> {
    match row.get_ref(at).map_err(map)? {
        ValueRef::Integer(number) => Ok(Some(number)),
        ValueRef::Null => Ok(None),
        other => Err(unexpected("an integer", other)),
    }
}

fn version(row: &Row<'_>, at: usize) -> Result<[u8; 16]> {
    match row.get_ref(at).map_err(map)? {
        ValueRef::Blob(bytes) => {
            bytes.try_into().map_err(|_| Error::new(Code::Corrupt, "a stored version is not 16 bytes long"))
        }
        other => Err(unexpected("a blob", other)),
    }
}

fn unexpected(wanted: &str, found: ValueRef<'_>) -> Error {
    Error::new(Code::Corrupt, format!("the file holds {} where {wanted} belongs", found.data_type()))
}
