//! SQLite's errors by meaning.

use rusqlite::ffi;

use crate::error::{Code, Error};

/// An error of anything but COMMIT: nothing was applied.
pub fn map(error: rusqlite::Error) -> Error {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => code(failure.extended_code),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..) => Code::Corrupt,
        _ => Code::Backend,
    };
    Error::new(code, message(&error))
}

/// An error of COMMIT. Only an I/O error leaves open whether the group will be found after a crash:
/// the log's last page may have reached the medium although the sync failed.
pub fn map_commit(error: rusqlite::Error) -> Error {
    match &error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code & 0xff == ffi::SQLITE_IOERR => {
            Error::new(Code::UnknownOutcome, message(&error))
        }
        _ => map(error),
    }
}

/// Whether another connection holds the lock that was asked for.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if matches!(failure.extended_code & 0xff, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED))
}

fn code(extended: i32) -> Code {
    match extended & 0xff {
        ffi::SQLITE_FULL => Code::Full,
        ffi::SQLITE_READONLY => Code::ReadOnly,
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Code::Corrupt,
        ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PERM
        | ffi::SQLITE_AUTH
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_NOMEM => Code::Unavailable,
        _ => Code::Backend,
    }
}

fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, text) => {
            let what = match failure.extended_code & 0xff {
                ffi::SQLITE_FULL => "no space is left for the file".to_owned(),
                ffi::SQLITE_READONLY => "the file or its medium is read-only".to_owned(),
                ffi::SQLITE_BUSY => "another process holds the file's lock".to_owned(),
                ffi::SQLITE_CORRUPT => "the file is corrupt".to_owned(),
                ffi::SQLITE_NOTADB => "the file is not a SQLite database".to_owned(),
                ffi::SQLITE_IOERR => "an input or output of the file failed".to_owned(),
                ffi::SQLITE_CANTOPEN => "the file can't be opened".to_owned(),
                _ => "SQLite reports an error".to_owned(),
            };
            match text {
                Some(text) => format!("{what} ({text}, SQLite code {})", failure.extended_code),
                None => format!("{what} (SQLite code {})", failure.extended_code),
            }
        }
        other => format!("the file engine failed: {other}"),
    }
}
