//! Snapshots that connections keep between gets: never stale, never in a log's way for long.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::*;
use crate::store::config::Durability;

/// Bytes of a log that checkpoints keep up with: they begin at 4 MB.
const IN_STEP_BYTES: u64 = 8 * 1024 * 1024;
/// The same when the reader's thread may be off the processor, pinned, for a while.
const LOG_BYTES: u64 = 64 * 1024 * 1024;

fn open_quick(path: &Path) -> FileEngine {
    // Syncs are of no interest here.
    let engine = FileEngine::new(&Config { durability: Durability::Normal, ..config(path) });
    engine.open().unwrap();
    engine
}

fn number(n: u64) -> String {
    format!("{{\"n\":{n}}}")
}

fn get_single(engine: &FileEngine, key: &str) -> Option<String> {
    get(&mut engine.single(true).unwrap().unwrap(), "a", key).map(|(value, _)| value)
}

/// Waits for an event that takes a second or so.
fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < until, "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Gets until a connection is pinned: at the second get of one state, unless pins end meanwhile.
fn pin(engine: &FileEngine) {
    wait_until("a pin", || {
        get_single(engine, "k");
        get_single(engine, "k");
        fact(engine, "readers_pinned") > 0
    });
}

fn log_bytes(path: &Path) -> u64 {
    super::super::probe::beside(path, "-wal").metadata().unwrap().len()
}

/// The salts change when the log starts over.
fn salts(path: &Path) -> Vec<u8> {
    fs::read(super::super::probe::beside(path, "-wal")).unwrap()[16..24].to_vec()
}

#[test]
fn a_pin_lasts_while_nothing_is_written_and_a_commit_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_quick(&folder.path().join("store.db"));
    for n in 0..50 {
        put(&engine, "a", "k", &number(n)).unwrap();
        assert_eq!(fact(&engine, "readers_pinned"), 0, "unpinned before the put is answered");
        pin(&engine);
        assert_eq!(get_single(&engine, "k"), Some(number(n)));
    }
}

#[test]
fn two_engines_on_one_file_see_each_others_puts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engines = [open_quick(&path), open_quick(&path)];
    for n in 0..3_000 {
        let (one, other) = (&engines[(n % 2) as usize], &engines[(n + 1) as usize % 2]);
        put(one, "a", "k", &number(n)).unwrap();
        // How often it was read before decides whether the state was pinned.
        for _ in 0..n % 5 {
            assert_eq!(get_single(other, "k"), Some(number(n)));
            assert_eq!(get_single(one, "k"), Some(number(n)));
        }
    }
    for engine in &engines {
        pin(engine);
    }
}

/// The other process: it puts and gets as it is told.
#[test]
#[ignore = "run by the tests that need another process"]
fn child() {
    let Some(path) = std::env::var_os("PINS_PATH") else { return };
    let engine = open_quick(Path::new(&path));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let answer = match line.split_once(' ') {
            Some(("put", n)) => {
                put(&engine, "a", "k", &number(n.parse().unwrap())).map(|()| "done".to_owned())
            }
            _ => Ok(get_single(&engine, "k").unwrap_or_default()),
        };
        println!("\n= {}", answer.unwrap());
    }
}

struct Other {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Other {
    fn start(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "backend::embedded::file::tests::pins::child", "--ignored", "--nocapture"])
            .env("PINS_PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, asks, answers }
    }

    fn ask(&mut self, what: &str) -> String {
        writeln!(self.asks.as_mut().unwrap(), "{what}").unwrap();
        loop {
            let mut line = String::new();
            assert!(self.answers.read_line(&mut line).unwrap() > 0, "the other process has ended");
            if let Some(answer) = line.strip_prefix("= ") {
                return answer.trim_end().to_owned();
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}

#[test]
fn two_processes_on_one_file_see_each_others_puts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open_quick(&path);
    let mut other = Other::start(&path);
    // The second put of each finds the reader pinned, or not, as it read once or more before.
    for n in (0..4_000).step_by(4) {
        for n in [n, n + 1] {
            assert_eq!(other.ask(&format!("put {n}")), "done");
            for _ in 0..1 + n / 4 % 3 {
                assert_eq!(get_single(&engine, "k"), Some(number(n)));
            }
        }
        for n in [n + 2, n + 3] {
            put(&engine, "a", "k", &number(n)).unwrap();
            for _ in 0..1 + n / 4 % 3 {
                assert_eq!(other.ask("get"), number(n));
            }
        }
    }
    pin(&engine);
}

#[test]
fn threads_read_what_another_one_has_written() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_quick(&folder.path().join("store.db"));
    put(&engine, "a", "k", &number(0)).unwrap();
    let (written, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let least = written.load(Ordering::Acquire);
                    let found = get_single(&engine, "k").unwrap();
                    let n: u64 = found[5..found.len() - 1].parse().unwrap();
                    assert!(n >= least, "{n} after {least} was acknowledged");
                }
            });
        }
        for n in 1..5_000 {
            put(&engine, "a", "k", &number(n)).unwrap();
            written.store(n, Ordering::Release);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn views_use_a_pin_only_while_it_is_the_latest_state_and_stay_one_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (engine, other) = (open_quick(&path), open_quick(&path));
    put(&engine, "a", "k", &number(1)).unwrap();
    pin(&engine);
    let mut view = engine.view(true).unwrap().unwrap();
    put(&other, "a", "k", &number(2)).unwrap();
    put(&other, "a", "l", &number(2)).unwrap();
    assert_eq!(get(&mut view, "a", "k").unwrap().0, number(1));
    assert_eq!(positions(&mut view, "", Order::KEY, None, 9).len(), 1);
    assert_eq!(get(&mut view, "a", "l"), None);
    drop(view);
    assert_eq!(fact(&engine, "readers_pinned"), 0, "a pin that is not the latest state ends with the view");
    assert_eq!(get_now(&engine, "a", "l"), Some(number(2)));
    pin(&engine);
    put(&other, "a", "k", &number(3)).unwrap();
    assert_eq!(get_now(&engine, "a", "k"), Some(number(3)));
}

#[test]
fn pins_end_when_nobody_reads_and_when_the_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open_quick(&path);
    put(&engine, "a", "k", &number(1)).unwrap();
    let shell = Connection::open(&path).unwrap();
    shell.busy_timeout(Duration::ZERO).unwrap();
    let busy = || shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..2 {
        wait_until("a pin in the way", || {
            pin(&engine);
            busy() == 1
        });
        wait_until("the pin ends", || fact(&engine, "readers_pinned") == 0);
        assert_eq!(busy(), 0);
        assert_eq!(log_bytes(&path), 0);
        put(&engine, "a", "k", &number(2)).unwrap();
    }
    pin(&engine);
    engine.close();
    assert_eq!(busy(), 0, "nothing is left of a closed store");
}

#[test]
fn a_log_starts_over_though_another_process_reads_in_a_loop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (reader, writer) = (open_quick(&path), open_quick(&path));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                get_single(&reader, "k");
            }
        });
        for first in (0..100_000u64).step_by(5) {
            let value = number(first);
            write(&writer, move |tx| {
                for n in first..first + 5 {
                    let meta = meta(tx.next_time(1)?);
                    tx.put(&Address::new("a", &(n % 997).to_string()), Record { value: &value, meta })?;
                }
                Ok(())
            })
            .unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let bytes = log_bytes(&path);
    assert!(bytes < LOG_BYTES, "the log grew to {bytes} bytes");
}

/// In step, so that a pin is there whenever a commit or a checkpoint comes that it could be in the way of.
#[test]
fn a_log_starts_over_though_another_process_reads_after_every_few_commits() {
    let value = format!("{{\"v\":\"{}\"}}", "x".repeat(40_000));
    for every in 1..4 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (reader, writer) = (open_quick(&path), open_quick(&path));
        for n in 0..1_000 {
            put(&writer, "a", &(n % 7).to_string(), &value).unwrap();
            for _ in 0..if n % every == 0 { 3 } else { 0 } {
                get_single(&reader, "1");
            }
        }
        let bytes = log_bytes(&path);
        assert!(bytes < IN_STEP_BYTES, "{every}: the log grew to {bytes} bytes");
    }
}

#[test]
fn a_log_starts_over_after_another_process_has_read_and_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let reader = open_quick(&path);
    let mut other = Other::start(&path);
    other.ask("put 0");
    pin(&reader);
    let before = salts(&path);
    for n in 0..2_000 {
        other.ask(&format!("put {n}"));
    }
    let mut n = 0;
    wait_until("the log starts over", || {
        n += 1;
        other.ask(&format!("put {n}"));
        salts(&path) != before
    });
    assert_eq!(fact(&reader, "readers_pinned"), 0);
    assert_eq!(get_single(&reader, "k"), Some(number(n)));
}

#[test]
fn a_log_that_a_view_kept_is_moved_after_the_view_though_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_quick(&folder.path().join("store.db"));
    put(&engine, "a", "k", &number(0)).unwrap();
    let view = engine.view(true).unwrap().unwrap();
    // Until a checkpoint has failed to move all of it.
    let mut n = 0;
    while fact(&engine, "checkpoints") == 0 {
        n += 1;
        put(&engine, "a", "k", &number(n)).unwrap();
    }
    drop(view);
    pin(&engine);
    assert_eq!(get_single(&engine, "k"), Some(number(n)));
}

#[test]
fn a_log_that_another_was_moving_is_moved_again_though_nothing_more_is_written() {
    static MOVING: AtomicBool = AtomicBool::new(false);
    static GO_ON: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open_quick(&path);
    put(&engine, "a", "k", &number(0)).unwrap();
    let view = engine.view(true).unwrap().unwrap();
    // One that moves the log, and stands still where SQLite waits for a writer.
    let (mut shell, writer) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
    shell
        .busy_handler(Some(|_| {
            MOVING.store(true, Ordering::Release);
            while !GO_ON.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            false
        }))
        .unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || shell.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap());
        wait_until("another moves the log", || MOVING.load(Ordering::Acquire));
        writer.execute_batch("ROLLBACK").unwrap();
        let mut n = 0;
        while fact(&engine, "checkpoints") == 0 {
            n += 1;
            put(&engine, "a", "k", &number(n)).unwrap();
        }
        GO_ON.store(true, Ordering::Release);
    });
    drop(view);
    pin(&engine);
}

#[test]
fn a_log_that_starts_over_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open_quick(&path);
    let shell = Connection::open(&path).unwrap();
    let update = "UPDATE items SET value='{\"n\":' || ?1 || '}', flags=1";
    put(&engine, "a", "k", "{}").unwrap();
    for n in 0..300u64 {
        shell.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
        pin(&engine);
        shell.execute(update, [n as i64]).unwrap();
        assert_eq!(get_single(&engine, "k"), Some(number(n)));
    }
}
