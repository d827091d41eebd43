//! What is at the path, found out without opening it as a database: SQLite itself would recover
//! journals and make `-wal` and `-shm` files beside somebody else's file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::schema;
use crate::error::{Code, Error, Result};

/// What is at the path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// No file, an empty one, or one whose creation was cut short.
    Nothing,
    /// A store.
    Store,
}

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Looks at the file's first 100 bytes.
pub fn probe(path: &Path) -> Result<Found> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match path.parent().map(Path::metadata) {
                Some(Ok(parent)) if parent.is_dir() => Ok(Found::Nothing),
                _ => Err(refuse(Code::NotFound, path, "its directory does not exist")),
            };
        }
        Err(error) => return Err(io(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| io(path, &error))?;
    if !metadata.is_file() {
        return Err(refuse(Code::Conflict, path, "it is a directory or a device, not a file"));
    }
    if metadata.len() == 0 || creation_was_cut_short(path) {
        return Ok(Found::Nothing);
    }
    let mut header = [0u8; 100];
    let mut filled = 0;
    while filled < header.len() {
        match file.read(&mut header[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(io(path, &error)),
        }
    }
    let beginning = filled.min(MAGIC.len());
    if header[..beginning] != MAGIC[..beginning] {
        return Err(refuse(Code::Conflict, path, "it is not a SQLite file"));
    }
    if filled < header.len() {
        return Err(refuse(Code::Corrupt, path, "it is cut off inside its header"));
    }
    let number = |at: usize| i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    schema::check_numbers(number(68), number(60))?;
    // The page count in the header counts only when both change counters agree, and while a log
    // exists the file may rightly be shorter: a checkpoint writes the first page first.
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let pages = u64::from(number(28) as u32);
    if number(24) == number(92) && metadata.len() < pages * page_size && !has_log(path) {
        return Err(refuse(Code::Corrupt, path, "it is shorter than its header says: its end is missing"));
    }
    Ok(Found::Store)
}

/// Whether a rollback journal beside the file says that the file was empty before the transaction that
/// wrote it: the process or the power went while it was being created. Whatever the file holds (any part
/// of a header, or none), SQLite will make it empty again before anything else. If instead somebody is
/// creating it right now, opening it waits for their lock, and what they made is checked then.
fn creation_was_cut_short(path: &Path) -> bool {
    const JOURNAL_MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    let mut header = [0u8; 20];
    let read = File::open(beside(path, "-journal")).and_then(|mut file| file.read_exact(&mut header));
    // Behind the magic: the number of records, a nonce, and the pages that the file had before.
    read.is_ok() && header[..8] == JOURNAL_MAGIC && header[16..] == [0; 4]
}

/// Whether a log or rollback journal with content lies beside the file.
pub fn has_log(path: &Path) -> bool {
    ["-wal", "-journal"].iter().any(|suffix| beside(path, suffix).metadata().is_ok_and(|log| log.len() > 0))
}

/// The file of this suffix beside `path`.
pub fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// An operating system's error at the path.
pub fn io(path: &Path, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        ErrorKind::AlreadyExists => Code::Conflict,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::Full,
        _ => Code::Unavailable,
    };
    refuse(code, path, &error.to_string())
}

/// An error that names the file.
pub fn refuse(code: Code, path: &Path, why: &str) -> Error {
    Error::new(code, format!("{}: {why}", path.display())).at("path")
}
