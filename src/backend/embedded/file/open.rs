//! Opening: the file is looked at, created or checked, and connections are set up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::error::{is_busy, map};
use super::members::{self, Member};
use super::probe::{self, Found};
use super::schema;
use crate::error::{Code, Error, Result};
use crate::store::config::{Config, Durability};

/// How long opening waits for other processes that open, create or recover the same file.
const OPEN_PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of the file that a connection maps into memory instead of reading it in pieces.
/// SQLite's own ceiling is just below 2 GiB.
const MMAP_BYTES: i64 = 0x7fff_0000;

/// What of the configuration the engine needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// As configured, made absolute: SQLite gives `file:…` and `:memory:` meanings of their own.
    pub path: PathBuf,
    /// When writes are acknowledged.
    pub durability: Durability,
    /// Read connections, at least 1.
    pub readers: usize,
    /// No writing at all.
    pub read_only: bool,
    /// Members with a declared index.
    pub indexes: Vec<String>,
    /// Names of members are paths.
    pub filter_paths: bool,
}

impl Settings {
    /// From the configuration; no I/O but asking for the current directory.
    pub fn new(config: &Config) -> Self {
        let path = PathBuf::from(config.path.as_deref().unwrap_or(""));
        Self {
            path: std::path::absolute(&path).unwrap_or(path),
            durability: config.durability,
            readers: (config.readers as usize).max(1),
            read_only: config.read_only,
            indexes: config.indexes.clone(),
            filter_paths: config.search.filter_paths,
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads of a file that others may write.
    Reader,
    /// The one that writes.
    Writer,
    /// Reads of a file that nobody writes, on a medium where SQLite can't put its shared memory.
    Immutable,
}

/// Makes the file a store in WAL mode if there is none, or checks the one there is.
/// Returns how readers must open it.
pub fn prepare(settings: &Settings, members: &[Member]) -> Result<Role> {
    let path = &settings.path;
    match probe::probe(path)? {
        Found::Nothing if settings.read_only => {
            return Err(probe::refuse(
                Code::NotFound,
                path,
                "there is no store to read, and read_only is set",
            ));
        }
        Found::Nothing => create(path)?,
        Found::Store => {}
    }
    if settings.read_only {
        return prepare_read_only(settings);
    }
    let unwritable = || {
        probe::refuse(Code::ReadOnly, path, "it or its directory is read-only; with read_only it can be read")
    };
    let mut connection = connect(settings, Role::Writer)
        .map_err(|error| if error.code() == Code::ReadOnly { unwritable() } else { error })?;
    if connection.is_readonly("main").map_err(map)? {
        return Err(unwritable());
    }
    schema::check(&connection)?;
    turn_on_wal(&connection, path)?;
    members::declare(&mut connection, members)?;
    Ok(Role::Reader)
}

fn prepare_read_only(settings: &Settings) -> Result<Role> {
    let shared = connect(settings, Role::Reader).and_then(|connection| schema::check(&connection));
    match shared {
        Ok(()) => Ok(Role::Reader),
        // On a read-only medium SQLite can't make the memory that readers share with a writer.
        // Without a log there is nothing to share: the main file is the whole store.
        Err(error)
            if matches!(error.code(), Code::Unavailable | Code::ReadOnly)
                && !probe::has_log(&settings.path) =>
        {
            schema::check(&connect(settings, Role::Immutable)?)?;
            Ok(Role::Immutable)
        }
        Err(error) => Err(error),
    }
}

fn create(path: &Path) -> Result<()> {
    // Private to its owner; SQLite gives the files beside it the same mode.
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| probe::io(path, &error))?;
    drop(file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| at_path(path, error))?;
    connection.busy_timeout(OPEN_PATIENCE).map_err(map)?;
    if connection.is_readonly("main").map_err(map)? {
        return Err(probe::refuse(Code::ReadOnly, path, "the empty file is read-only"));
    }
    schema::create(&mut connection).map_err(|error| error.at("path"))
}

/// WAL mode is kept in the file. Turning it on needs the file for a moment alone, and SQLite does
/// not always ask the busy handler there: several processes that create one file at once would
/// fail each other.
fn turn_on_wal(connection: &Connection, path: &Path) -> Result<()> {
    let begun = Instant::now();
    loop {
        let mode = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                let why = format!("its file system allows no write-ahead log (journal mode stays {mode})");
                return Err(probe::refuse(Code::Unavailable, path, &why));
            }
            Err(error) if is_busy(&error) && begun.elapsed() < OPEN_PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(at_path(path, error)),
        }
    }
}

/// A connection, set up for its role.
pub fn connect(settings: &Settings, role: Role) -> Result<Connection> {
    let path = &settings.path;
    let fail = |error| at_path(path, error);
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match role {
        Role::Immutable => {
            flags |= OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable_uri(path), flags).map_err(fail)?
        }
        _ => {
            flags |= match settings.read_only {
                true => OpenFlags::SQLITE_OPEN_READ_ONLY,
                false => OpenFlags::SQLITE_OPEN_READ_WRITE,
            };
            Connection::open_with_flags(path, flags).map_err(fail)?
        }
    };
    connection.busy_timeout(OPEN_PATIENCE).map_err(fail)?;
    // Foreign keys are declared for readers of the schema; the engine itself never breaks them, and
    // checking would cost a look-up per insert.
    connection.pragma_update(None, "foreign_keys", false).map_err(fail)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(fail)?;
    let _ = connection.query_row(&format!("PRAGMA mmap_size={MMAP_BYTES}"), [], |_| Ok(()));
    if role == Role::Writer {
        let synchronous = match settings.durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(fail)?;
        connection.pragma_update(None, "cache_size", -16_384).map_err(fail)?;
        // After a checkpoint has emptied a log that had grown, the file shrinks to this.
        let _ = connection.query_row("PRAGMA journal_size_limit=67108864", [], |_| Ok(()));
    } else {
        connection.pragma_update(None, "query_only", true).map_err(fail)?;
        connection.pragma_update(None, "cache_size", -8_192).map_err(fail)?;
    }
    Ok(connection)
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn at_path(path: &Path, error: rusqlite::Error) -> Error {
    let error = map(error);
    probe::refuse(error.code(), path, error.message())
}
