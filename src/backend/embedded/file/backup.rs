//! Copying the open store into a new file.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::error::map;
use super::open::{Role, Settings, connect};
use super::probe::{beside, io, refuse};
use super::session::Session;
use crate::error::{Code, Error, Result};

/// Pages that are copied between two looks at `stop`.
const STEP_PAGES: i32 = 1_024;

/// Copies one snapshot while others read and write. The copy grows under a name of its own beside
/// the target and takes the target's name when it is whole and synced, so that a file of that name
/// is always a whole store.
pub fn backup(settings: &Settings, role: Role, target: &Path, stop: &dyn Fn() -> bool) -> Result<()> {
    if target.symlink_metadata().is_ok() {
        return Err(exists(target));
    }
    let target = std::path::absolute(target).map_err(|error| io(target, &error))?;
    let partial = beside(&target, "-partial");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&partial).map_err(|error| io(&partial, &error))?;
    let copied = copy(settings, role, &partial, stop)
        .and_then(|()| file.sync_all().map_err(|error| io(&partial, &error)))
        .and_then(|()| take_name(&partial, &target));
    if copied.is_err() {
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy(settings: &Settings, role: Role, partial: &Path, stop: &dyn Fn() -> bool) -> Result<()> {
    let source = Session::new(connect(settings, role)?, &Arc::default());
    // SQLite starts a copy afresh when the source changes between two steps; a held snapshot does
    // not change.
    source.hold()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(partial, flags).map_err(map)?;
    // A copy that is not finished is thrown away: it needs neither journal nor syncs of its own.
    let _ = copy.query_row("PRAGMA journal_mode=OFF", [], |_| Ok(()));
    copy.pragma_update(None, "synchronous", "OFF").map_err(map)?;
    {
        let backup = Backup::new(source.connection(), &mut copy).map_err(map)?;
        loop {
            if stop() {
                return Err(Error::new(Code::Closed, "the store was closed during the backup"));
            }
            match backup.step(STEP_PAGES).map_err(map)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
    source.release();
    copy.close().map_err(|(_, error)| map(error))
}

/// Gives the copy its name, never over an existing file.
fn take_name(partial: &Path, target: &Path) -> Result<()> {
    match fs::hard_link(partial, target) {
        Ok(()) => fs::remove_file(partial).map_err(|error| io(partial, &error))?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(exists(target)),
        // No hard links here: rename, which would replace a file made since the look.
        Err(_) if target.symlink_metadata().is_ok() => return Err(exists(target)),
        Err(_) => fs::rename(partial, target).map_err(|error| io(target, &error))?,
    }
    match target.parent().map(File::open) {
        Some(Ok(directory)) => directory.sync_all().map_err(|error| io(target, &error)),
        _ => Ok(()),
    }
}

fn exists(target: &Path) -> Error {
    refuse(Code::Conflict, target, "a file of this name exists; a backup never replaces one")
}
