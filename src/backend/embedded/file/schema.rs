//! What is in the file. `docs/file-format.md` describes it for people; a test compares the two.

use rusqlite::{Connection, OptionalExtension};

use super::error::map;
use crate::error::{Code, Error, Result};

/// `PRAGMA application_id` of a store's file: the letters "LGst".
pub const APPLICATION_ID: i32 = 0x4c47_7374;

/// The format that this library reads and writes: `PRAGMA user_version` and `meta` name `format`.
pub const FORMAT: i32 = 1;

/// Times default to now, versions to random bytes and `flags` to "may have duplicate members", so
/// that a row written with the shell is legal when it names namespace, key and value. The value
/// stands last: the columns before it are read without following its overflow pages.
pub const SCHEMA: &str = "
CREATE TABLE meta(
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE namespaces(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path TEXT NOT NULL UNIQUE,
  permanent INTEGER NOT NULL DEFAULT 0,
  expiring INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE items(
  id INTEGER PRIMARY KEY,
  namespace_id INTEGER NOT NULL REFERENCES namespaces(id),
  key TEXT NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)),
  updated_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)),
  version BLOB NOT NULL DEFAULT (randomblob(16)) CHECK(length(version) = 16),
  expires_at INTEGER,
  ttl_us INTEGER,
  flags INTEGER NOT NULL DEFAULT 1,
  value TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX items_key ON items(namespace_id, key);
CREATE INDEX items_updated_at ON items(updated_at);
CREATE INDEX items_created_at ON items(created_at);
CREATE INDEX items_expires_at ON items(expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX items_namespace_expires_at ON items(namespace_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX items_flags ON items(updated_at) WHERE flags <> 0;
CREATE TRIGGER items_inserted AFTER INSERT ON items BEGIN
  UPDATE namespaces SET permanent = permanent + (NEW.expires_at IS NULL),
    expiring = expiring + (NEW.expires_at IS NOT NULL) WHERE id = NEW.namespace_id;
END;
CREATE TRIGGER items_deleted AFTER DELETE ON items BEGIN
  UPDATE namespaces SET permanent = permanent - (OLD.expires_at IS NULL),
    expiring = expiring - (OLD.expires_at IS NOT NULL) WHERE id = OLD.namespace_id;
END;
CREATE TRIGGER items_moved AFTER UPDATE OF namespace_id, expires_at ON items
WHEN (NEW.expires_at IS NULL) <> (OLD.expires_at IS NULL) OR NEW.namespace_id <> OLD.namespace_id BEGIN
  UPDATE namespaces SET permanent = permanent - (OLD.expires_at IS NULL),
    expiring = expiring - (OLD.expires_at IS NOT NULL) WHERE id = OLD.namespace_id;
  UPDATE namespaces SET permanent = permanent + (NEW.expires_at IS NULL),
    expiring = expiring + (NEW.expires_at IS NOT NULL) WHERE id = NEW.namespace_id;
END;
INSERT INTO meta(name, value) VALUES('format', '1'), ('indexes', '[]');
";

/// Creates the schema in an empty file, or leaves the one that another process has just created.
///
/// One transaction under the rollback journal, so that the main file's first page carries the
/// application id as soon as it exists: `probe` relies on that. Only then WAL mode is turned on.
pub fn create(connection: &mut Connection) -> Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).map_err(map)?;
    let objects: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(map)?;
    if objects == 0 {
        transaction.execute_batch(SCHEMA).map_err(map)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(map)?;
        transaction.pragma_update(None, "user_version", FORMAT).map_err(map)?;
    }
    transaction.commit().map_err(map)
}

/// Whether the open file is a whole store of a format that this library knows.
pub fn check(connection: &Connection) -> Result<()> {
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(map)?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(map)?;
    check_numbers(application, version)?;
    let known: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE (type='table' AND name IN ('meta','namespaces','items')) \
             OR (type='index' AND name IN ('items_key','items_updated_at','items_created_at',\
             'items_expires_at','items_namespace_expires_at','items_flags')) \
             OR (type='trigger' AND name IN ('items_inserted','items_deleted','items_moved'))",
            [],
            |row| row.get(0),
        )
        .map_err(map)?;
    if known != 12 {
        return Err(
            Error::new(Code::Corrupt, "tables, indexes or triggers of the store are missing").at("path")
        );
    }
    let format: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name='format'", [], |row| row.get(0))
        .optional()
        .map_err(map)?;
    if format.as_deref() != Some("1") {
        return Err(Error::new(Code::Corrupt, "the store's table meta names no known format").at("path"));
    }
    Ok(())
}

/// Refuses files of other applications and of newer formats.
pub fn check_numbers(application: i32, version: i32) -> Result<()> {
    if application != APPLICATION_ID {
        return Err(Error::new(
            Code::Conflict,
            format!("a SQLite file of another application (application_id {application}), not a store"),
        )
        .at("path"));
    }
    if version > FORMAT {
        return Err(Error::new(
            Code::Conflict,
            format!("the file has format {version}, newer than {FORMAT}, the newest this library knows"),
        )
        .at("path")
        .with_details(format!("{{\"format\":{version},\"newest_known\":{FORMAT}}}")));
    }
    if version < 1 {
        return Err(
            Error::new(Code::Corrupt, format!("the file has format {version}, which never was")).at("path")
        );
    }
    Ok(())
}
