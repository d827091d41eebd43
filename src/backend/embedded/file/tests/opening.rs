use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::error::{Code, Error};

fn refused(path: &Path) -> Error {
    let engine = FileEngine::new(&config(path));
    let error = engine.open().unwrap_err();
    assert_eq!(error.field(), Some("path"), "{error}");
    assert_eq!(engine.view(true).err().as_ref(), Some(&error), "views fail with the error of opening");
    let received = submit(&engine, |_| Ok(())).recv().unwrap();
    assert_eq!(received.as_ref(), Err(&error));
    error
}

/// All files in the folder with their contents.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn foreign_newer_and_broken_files_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.db");
    let own = folder.path().join("own.db");
    open(&own).close();
    let own = fs::read(own).unwrap();
    let refuse = |what: &str, bytes: &[u8], code: Code| {
        fs::write(&path, bytes).unwrap();
        let before = contents(folder.path());
        assert_eq!(refused(&path).code(), code, "{what}");
        assert_eq!(contents(folder.path()), before, "{what}: nothing may be written");
    };
    refuse("a text", b"remember the milk\n", Code::Conflict);
    refuse("a long text", &b"remember the milk\n".repeat(1_000), Code::Conflict);
    refuse("the beginning of a header", &own[..60], Code::Corrupt);
    refuse("a file without its end", &own[..own.len() - 4_096], Code::Corrupt);
    let mut foreign = own.clone();
    foreign[68..72].copy_from_slice(&7i32.to_be_bytes());
    refuse("another application", &foreign, Code::Conflict);
    let mut newer = own.clone();
    newer[60..64].copy_from_slice(&2i32.to_be_bytes());
    refuse("a newer format", &newer, Code::Conflict);
    let _ = fs::remove_file(&path);
    let shell = Connection::open(&path).unwrap();
    shell
        .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE items(x); INSERT INTO items VALUES(1)")
        .unwrap();
    shell.close().unwrap();
    let foreign = fs::read(&path).unwrap();
    refuse("a database of somebody else", &foreign, Code::Conflict);
    // The good one still opens.
    fs::write(&path, &own).unwrap();
    open(&path);
}

#[test]
fn a_store_without_its_parts_is_corrupt() {
    for damage in
        ["DROP INDEX items_key", "DROP TABLE meta", "UPDATE meta SET value='x'", "DROP TRIGGER items_moved"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        open(&path).close();
        Connection::open(&path).unwrap().execute_batch(damage).unwrap();
        assert_eq!(refused(&path).code(), Code::Corrupt, "{damage}");
    }
}

#[test]
fn damaged_pages_are_an_error_where_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    let value = format!("{{\"v\":\"{}\"}}", "x".repeat(900));
    for n in 0..100 {
        put(&engine, "a", &n.to_string(), &value).unwrap();
    }
    drop(engine);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let engine = FileEngine::new(&config(&path));
    let result = engine.open().and_then(|()| {
        let mut view = engine.view(true)?.unwrap();
        let scan = Scan { scope: "", order: ORDERS[2], after: None, filter: None, skip: None };
        view.scan(&scan, &mut |_| ControlFlow::Continue(()))
    });
    assert_eq!(result.unwrap_err().code(), Code::Corrupt);
}

#[test]
fn places_that_are_no_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(folder.path()).code(), Code::Conflict);
    assert_eq!(refused(&folder.path().join("no/such/store.db")).code(), Code::NotFound);
    assert_eq!(contents(folder.path()), []);
}

#[test]
fn an_empty_file_becomes_a_store_and_names_mean_nothing_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["empty.db", "file:x?mode=memory", ":memory:", "with space %41"] {
        let path = folder.path().join(name);
        fs::write(&path, b"").unwrap();
        let engine = open(&path);
        put(&engine, "a", "k", "{}").unwrap();
        engine.close();
        assert!(path.metadata().unwrap().len() > 0);
        assert!(get_now(&open(&path), "a", "k").is_some(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    put(&engine, "a", "k", "{}").unwrap();
    for (file, _) in contents(folder.path()) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
}

#[test]
fn many_open_a_new_file_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        std::thread::scope(|scope| {
            for n in 0..6 {
                let path = &path;
                scope.spawn(move || {
                    let engine = open(path);
                    put(&engine, "a", &n.to_string(), "{}").unwrap();
                });
            }
        });
        let engine = open(&path);
        assert_eq!(positions(&mut engine.view(true).unwrap().unwrap(), "", Order::KEY, None, 99).len(), 6);
    }
}

#[test]
fn opening_again_is_free_and_works_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later/store.db");
    let engine = FileEngine::new(&config(&path));
    assert_eq!(engine.view(true).err().unwrap().code(), Code::Unavailable);
    assert_eq!(engine.open().unwrap_err().code(), Code::NotFound);
    fs::create_dir(folder.path().join("later")).unwrap();
    engine.open().unwrap();
    engine.open().unwrap();
    put(&engine, "a", "k", "{}").unwrap();
}

#[test]
fn read_only_reads_writes_nothing_and_refuses_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let reader = FileEngine::new(&Config { read_only: true, ..config(&path) });
    assert_eq!(reader.open().unwrap_err().code(), Code::NotFound);
    assert_eq!(contents(folder.path()), []);
    let engine = open(&path);
    put(&engine, "a", "k", "{}").unwrap();
    reader.open().unwrap();
    assert!(get_now(&reader, "a", "k").is_some());
    put(&engine, "a", "l", "{}").unwrap();
    assert!(get_now(&reader, "a", "l").is_some(), "it follows the process that writes");
    assert_eq!(put(&reader, "a", "m", "{}").unwrap_err().code(), Code::ReadOnly);
}

#[test]
fn a_backup_is_a_whole_store_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    for n in 0..300 {
        put(&engine, "a", &n.to_string(), "{\"v\":1}").unwrap();
    }
    let target = folder.path().join("copy.db");
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| engine.backup(&target));
        for n in 300..400 {
            put(&engine, "a", &n.to_string(), "{\"v\":2}").unwrap();
        }
        copying.join().unwrap().unwrap();
    });
    assert_eq!(engine.backup(&target).unwrap_err().code(), Code::Conflict);
    let copy = open(&target);
    let mut view = copy.view(true).unwrap().unwrap();
    let found = positions(&mut view, "", ORDERS[2], None, 999);
    assert!(found.len() >= 300);
    // Items were written one after another: a moment's state has no gaps.
    for (n, position) in found.iter().enumerate() {
        assert_eq!(position.key, n.to_string());
    }
    drop(view);
    copy.close();
    let shell = Connection::open(&target).unwrap();
    let verdict: String = shell.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    assert_eq!(engine.backup(&folder.path().join("no/copy.db")).unwrap_err().code(), Code::NotFound);
    assert!(!folder.path().join("copy.db-partial").exists());
    // What a backup that was killed has left is somebody's to look at: said, not replaced.
    std::fs::write(folder.path().join("second.db-partial"), "left").unwrap();
    assert_eq!(engine.backup(&folder.path().join("second.db")).unwrap_err().code(), Code::Conflict);
    assert!(folder.path().join("second.db-partial").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_not_be_written_can_be_read_with_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let allow = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // A folder that everybody may walk into: the one for temporary files may be root's alone.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    put(&engine, "a", "k", "{}").unwrap();
    engine.close();
    allow(&path, 0o444);
    allow(folder.path(), 0o555);
    super::super::sys::unprivileged(|| {
        let error = refused(&path);
        assert_eq!(error.code(), Code::ReadOnly);
        assert!(error.message().contains("read_only"), "{error}");
        let reader = FileEngine::new(&Config { read_only: true, ..config(&path) });
        reader.open().unwrap();
        assert!(get_now(&reader, "a", "k").is_some());
        assert_eq!(put(&reader, "a", "m", "{}").unwrap_err().code(), Code::ReadOnly);
        let target = tempfile::tempdir_in("/tmp").unwrap();
        reader.backup(&target.path().join("copy.db")).unwrap();
        assert!(get_now(&open(&target.path().join("copy.db")), "a", "k").is_some());
        // A new file can't be made here either, and a file that can't be read at all is refused.
        assert_eq!(refused(&folder.path().join("new.db")).code(), Code::Unavailable);
    });
    allow(&path, 0o000);
    super::super::sys::unprivileged(|| assert_eq!(refused(&path).code(), Code::Unavailable));
    allow(folder.path(), 0o755);
    assert_eq!(contents(folder.path()).len(), 1);
}
