//! A row of the table `store`: how an item lies in columns.
//!
//! The guide's columns keep milliseconds; the microseconds below them are in `sub_ms`, created x 1000 +
//! updated, plus [`DUPLICATES`] when some object inside the value has two members of one name (only such
//! items need the filter's slow path). A row without `sub_ms` was made by an older writer.

use memchr::memchr_iter;
use scylla::DeserializeRow;
use scylla::cluster::metadata::{ColumnType, NativeType};
use scylla::serialize::SerializationError;
use scylla::serialize::row::SerializeRow;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::value::CqlTimestamp;
use uuid::Uuid;

use super::creation::Birth;
use crate::error::{Code, Error, Result};
use crate::json;
use crate::store::item::{Meta, NO_VERSION, Record};

/// Added to `sub_ms` when the value has duplicate members.
const DUPLICATES: i32 = 1_000_000;
const SECOND_US: i64 = 1_000_000;

/// What every read of an item selects, in this order.
#[derive(Debug, DeserializeRow)]
#[scylla(flavor = "enforce_order", skip_name_checks)]
pub struct Row<'frame> {
    /// The key.
    pub key: &'frame str,
    /// The value's text; null = the item does not exist (or no longer).
    pub value: Option<&'frame str>,
    created_at: Option<CqlTimestamp>,
    updated_at: Option<CqlTimestamp>,
    version: Option<Uuid>,
    ttl_seconds: Option<i32>,
    sub_ms: Option<i32>,
    /// The write time of the value, microseconds.
    pub write_time: Option<i64>,
    /// Seconds that the value has left.
    ttl: Option<i32>,
}

/// What a put needs of the row that it replaces.
#[derive(Debug, DeserializeRow)]
#[scylla(flavor = "enforce_order", skip_name_checks)]
pub struct BirthRow<'frame> {
    /// The key.
    pub key: &'frame str,
    created_at: Option<CqlTimestamp>,
    sub_ms: Option<i32>,
    write_time: Option<i64>,
    ttl: Option<i32>,
}

/// The columns of [`BirthRow`].
pub const BIRTH_COLUMNS: &str = "key, created_at, sub_ms, WRITETIME(value), TTL(value)";

impl BirthRow<'_> {
    /// `None` when the row holds no item: its value is null.
    pub fn birth(&self, now: i64) -> Option<Birth> {
        let time = self.write_time?;
        let us = i64::from(self.sub_ms.unwrap_or(0).max(0) % DUPLICATES) / 1_000;
        Some(Birth {
            created_at: self.created_at.map_or(time, |ms| ms.0.saturating_mul(1_000).saturating_add(us)),
            expires_at: self.ttl.map(|seconds| now.saturating_add(i64::from(seconds) * SECOND_US)),
            time,
        })
    }
}

/// The columns of [`Row`].
pub const COLUMNS: &str = "key, value, created_at, updated_at, version, ttl_seconds, sub_ms, \
                           WRITETIME(value), TTL(value)";

impl<'frame> Row<'frame> {
    /// The item at `now` (microseconds); `None` when the row holds none.
    ///
    /// Errors: `Corrupt` for a value that is not a JSON object. Only rows without our columns are checked:
    /// everything else was checked before it was written.
    pub fn record(&self, now: i64) -> Result<Option<Record<'frame>>> {
        let Some(value) = self.value else { return Ok(None) };
        let version = self.version.map_or(NO_VERSION, Uuid::into_bytes);
        if self.version.is_none() && !json::is_object(value) {
            let text = format!("the row of key {:?} holds no JSON object; put or delete the item", self.key);
            return Err(Error::new(Code::Corrupt, text));
        }
        let sub = self.sub_ms.unwrap_or(0).max(0);
        let us = i64::from(sub % DUPLICATES);
        let written = self.write_time.unwrap_or(now);
        let time = |column: Option<CqlTimestamp>, sub_us: i64| match column {
            Some(ms) => ms.0.saturating_mul(1_000).saturating_add(sub_us),
            None => written,
        };
        let left = self.ttl.map(|seconds| i64::from(seconds) * SECOND_US);
        let own = self.ttl_seconds.map(|seconds| i64::from(seconds) * SECOND_US);
        let meta = Meta {
            created_at: time(self.created_at, us / 1_000),
            updated_at: time(self.updated_at, us % 1_000),
            version,
            expires_at: left.map(|left| now.saturating_add(left)),
            // A row of an older writer has a TTL only in its cells: what is left is the best guess.
            ttl_us: left.map(|left| own.unwrap_or(left)),
            duplicates: self.sub_ms.is_none_or(|sub| sub >= DUPLICATES),
        };
        Ok(Some(Record { value, meta }))
    }
}

/// The columns that every write sets, in the order of the statements' markers.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    /// The value's text.
    pub value: &'a str,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub updated_at: i64,
    /// The new version; a refresh of a row that an older writer made has none.
    pub version: Option<Uuid>,
    /// The item's own TTL in seconds; `None` = for ever.
    pub ttl: Option<i32>,
    /// Whether the value has duplicate members.
    pub duplicates: bool,
}

/// The markers behind `USING`: TTL (0 = for ever, also where the table has a default), the cells, the place.
pub type Markers<'a> =
    (i32, &'a str, CqlTimestamp, CqlTimestamp, Option<Uuid>, Option<i32>, i32, Prefix<'a>, &'a str);

impl<'a> Cells<'a> {
    /// With the place.
    pub fn markers(&self, prefix: Prefix<'a>, key: &'a str) -> Markers<'a> {
        let sub = self.created_at.rem_euclid(1_000) * 1_000 + self.updated_at.rem_euclid(1_000);
        // Below a million by construction.
        let sub_ms = sub as i32 + if self.duplicates { DUPLICATES } else { 0 };
        let ms = |us: i64| CqlTimestamp(us.div_euclid(1_000));
        let (created_at, updated_at) = (ms(self.created_at), ms(self.updated_at));
        (
            self.ttl.unwrap_or(0),
            self.value,
            created_at,
            updated_at,
            self.version,
            self.ttl,
            sub_ms,
            prefix,
            key,
        )
    }

    /// Behind the write time of a plain write.
    pub fn timed(&self, time: i64, prefix: Prefix<'a>, key: &'a str) -> impl SerializeRow + use<'a> {
        let (a, b, c, d, e, f, g, h, i) = self.markers(prefix, key);
        (time, a, b, c, d, e, f, g, h, i)
    }

    /// Before the value of a condition.
    pub fn conditional<T: SerializeValue>(
        &self,
        prefix: Prefix<'a>,
        key: &'a str,
        expected: T,
    ) -> impl SerializeRow + use<'a, T> {
        let (a, b, c, d, e, f, g, h, i) = self.markers(prefix, key);
        (a, b, c, d, e, f, g, h, i, expected)
    }
}

/// The path of a namespace as a statement's marker: the partition key, written without a copy of its own.
#[derive(Clone, Copy, Debug)]
pub struct Prefix<'a>(pub &'a str);

impl SerializeValue for Prefix<'_> {
    fn serialize<'b>(
        &self,
        of: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> std::result::Result<WrittenCellProof<'b>, SerializationError> {
        if !matches!(of, ColumnType::Native(NativeType::Text | NativeType::Ascii)) {
            // For its error.
            return self.0.serialize(of, writer);
        }
        let (path, mut begin) = (self.0.as_bytes(), 0);
        let mut cell = writer.into_value_builder();
        for end in memchr_iter(b'\0', path) {
            cell.append_bytes(&path[begin..end]);
            cell.append_bytes(b".");
            begin = end + 1;
        }
        cell.append_bytes(&path[begin..]);
        cell.finish().map_err(SerializationError::new)
    }
}

/// The partition key of a namespace: its labels joined by dots. No label holds a dot, so it is reversible.
pub fn prefix_of(path: &str) -> String {
    path.replace('\0', ".")
}

/// The path of a partition key.
pub fn path_of(prefix: &str) -> String {
    prefix.replace('.', "\0")
}

/// A TTL in whole seconds, rounded up.
pub fn seconds(ttl_us: i64) -> i64 {
    ttl_us.div_euclid(SECOND_US) + i64::from(ttl_us.rem_euclid(SECOND_US) > 0)
}
