use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::error::{Code, Error};

/// Holds the writer in a job until the returned sender is dropped, so that what is submitted
/// meanwhile becomes one group.
fn stall(engine: &FileEngine) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (entered, has_entered) = mpsc::channel();
    submit(engine, move |_| {
        let _ = entered.send(());
        let _ = released.recv();
        Ok(())
    });
    has_entered.recv().unwrap();
    release
}

#[test]
fn what_is_queued_together_is_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let release = stall(&engine);
    let outcomes: Vec<_> = (0..100)
        .map(|n: usize| {
            submit(&engine, move |tx| {
                tx.put(&Address::new("a", &n.to_string()), Record { value: "{}", meta: meta(n as i64) })
            })
        })
        .collect();
    drop(release);
    for outcome in outcomes {
        outcome.recv().unwrap().unwrap();
    }
    assert_eq!(fact(&engine, "groups"), 2);
    assert_eq!(fact(&engine, "commits"), 1, "the stalling job wrote nothing");
    assert_eq!(fact(&engine, "jobs"), 101);
}

#[test]
fn a_failing_or_panicking_job_undoes_itself_only() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let release = stall(&engine);
    let outcomes: Vec<_> = (0..30)
        .map(|n: usize| {
            submit(&engine, move |tx| {
                let path = format!("n{n}");
                tx.put(&Address::new(&path, "k"), Record { value: "{}", meta: meta(n as i64) })?;
                match n % 10 {
                    3 => Err(Error::new(Code::Backend, "on purpose")),
                    7 => panic!("on purpose"),
                    _ => Ok(()),
                }
            })
        })
        .collect();
    drop(release);
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let outcome = outcome.recv().unwrap();
        let stored = get_now(&engine, &format!("n{n}"), "k").is_some();
        match n % 10 {
            3 => assert_eq!(outcome.unwrap_err().code(), Code::Backend),
            7 => assert_eq!(outcome.unwrap_err().code(), Code::Panic),
            _ => outcome.unwrap(),
        }
        assert_eq!(stored, n % 10 != 3 && n % 10 != 7, "job {n}");
    }
    // Ids given inside a rolled back group must not live on in anybody's memory.
    let mut view = engine.view(true).unwrap().unwrap();
    assert_eq!(namespaces(&mut view, "", "", 0).len(), 24);
    drop(view);
    put(&engine, "n3", "k", "{}").unwrap();
    assert!(get_now(&engine, "n3", "k").is_some());
    assert!(get_now(&engine, "n7", "k").is_none());
}

#[test]
fn an_error_that_the_job_swallows_still_undoes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    let shell = rusqlite::Connection::open(&path).unwrap();
    shell.execute_batch("CREATE TRIGGER no BEFORE INSERT ON items WHEN NEW.key='bad' BEGIN SELECT RAISE(ROLLBACK,'no'); END").unwrap();
    let outcome = write(&engine, |tx| {
        tx.put(&Address::new("a", "one"), Record { value: "{}", meta: meta(1) })?;
        let bad = tx.put(&Address::new("a", "bad"), Record { value: "{}", meta: meta(1) });
        assert!(bad.is_err());
        let _ = tx.put(&Address::new("a", "two"), Record { value: "{}", meta: meta(1) });
        Ok(())
    });
    assert_eq!(outcome.unwrap_err().code(), Code::Backend);
    assert_eq!(get_now(&engine, "a", "one"), None);
    assert_eq!(get_now(&engine, "a", "two"), None);
    put(&engine, "a", "three", "{}").unwrap();
}

#[test]
fn times_grow_over_groups_engines_and_clocks_that_stand_still() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engines = [open(&path), open(&path)];
    let times = Arc::new(crate::lock::Mutex::new(Vec::new()));
    for n in 0..20usize {
        let times = Arc::clone(&times);
        write(&engines[n % 2], move |tx| {
            for k in 0..3 {
                let time = tx.next_time(1_000)?;
                times.lock().push(time);
                let address = Address::new("a", &format!("{n} {k}"));
                tx.put(&address, Record { value: "{}", meta: meta(time) })?;
            }
            Ok(())
        })
        .unwrap();
    }
    let times = times.lock();
    assert_eq!(times[0], 1_000);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

#[test]
fn two_engines_on_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engines = [open(&path), open(&path)];
    std::thread::scope(|scope| {
        for (side, engine) in engines.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..200 {
                    // Each counts the other's items too: reads in a transaction see all commits.
                    write(engine, move |tx| {
                        let counter = Address::new("count", "all");
                        let mut count = 0;
                        tx.get(&counter, &mut |record| {
                            count = record.value["{\"n\":".len()..record.value.len() - 1].parse().unwrap();
                        })?;
                        let meta = meta(tx.next_time(1)?);
                        let value = format!("{{\"n\":{}}}", count + 1);
                        tx.put(&counter, Record { value: &value, meta })?;
                        tx.put(
                            &Address::new(&format!("side{side}"), &n.to_string()),
                            Record { value: "{}", meta },
                        )
                    })
                    .unwrap();
                }
            });
        }
    });
    for engine in &engines {
        assert_eq!(get_now(engine, "count", "all").unwrap(), "{\"n\":400}");
        assert_eq!(positions(&mut engine.view(true).unwrap().unwrap(), "", Order::KEY, None, 999).len(), 401);
    }
}

#[test]
fn a_full_file_answers_once_loses_nothing_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // SQLite keeps this limit per connection: give it to the writer's.
    let settings = super::super::open::Settings::new(&config(&path));
    open(&path).close();
    let connection = super::super::open::connect(&settings, super::super::open::Role::Writer).unwrap();
    connection.pragma_update(None, "max_page_count", 40).unwrap();
    let pool = super::super::pool::Pool::new(Vec::new());
    let writer = super::super::writer::Writer::start(connection, &Arc::default(), &pool).unwrap();
    let finished = Arc::new(AtomicUsize::new(0));
    let value = format!("{{\"v\":\"{}\"}}", "x".repeat(1_000));
    let mut outcomes = Vec::new();
    for n in 0..300usize {
        let (outcome, received) = mpsc::channel();
        let (value, finished) = (value.clone(), Arc::clone(&finished));
        let work = move |tx: &mut dyn Transaction| {
            finished.fetch_add(1, Ordering::Relaxed);
            tx.put(&Address::new("a", &n.to_string()), Record { value: &value, meta: meta(n as i64) })
        };
        writer.submit(Box::new(Closure { work: Box::new(work), outcome, expired: false }));
        outcomes.push(received);
    }
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.recv().unwrap()).collect();
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(stored > 10 && stored < 200, "{stored}");
    assert!(outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|e| e.code() == Code::Full));
    assert!(
        finished.load(Ordering::Relaxed) < 2_000,
        "failing jobs make others run a few times, not all times"
    );
    let engine = open(&path);
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!(get_now(&engine, "a", &n.to_string()).is_some(), outcome.is_ok(), "item {n}");
    }
    // Space comes back.
    let (outcome, received) = mpsc::channel();
    let work = |tx: &mut dyn Transaction| {
        for n in 0..300 {
            tx.delete(&Address::new("a", &n.to_string()))?;
        }
        tx.put(&Address::new("a", "again"), Record { value: "{}", meta: meta(9) })
    };
    writer.submit(Box::new(Closure { work: Box::new(work), outcome, expired: false }));
    received.recv().unwrap().unwrap();
    assert!(get_now(&engine, "a", "again").is_some());
    drop(writer.stop());
}

#[test]
fn a_lock_held_by_another_process_is_waited_for_and_expired_jobs_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting =
        submit(&engine, |tx| tx.put(&Address::new("a", "k"), Record { value: "{}", meta: meta(1) }));
    let (outcome, expired) = mpsc::channel();
    engine.submit(Box::new(Closure { work: Box::new(|_| Ok(())), outcome, expired: true }));
    // Reads go on meanwhile.
    assert_eq!(get_now(&engine, "a", "k"), None);
    assert!(waiting.recv_timeout(Duration::from_millis(150)).is_err());
    other.execute_batch("COMMIT").unwrap();
    waiting.recv().unwrap().unwrap();
    // The second job came into a later group, or was dropped in the first while it waited.
    let _ = expired.recv();
    assert!(get_now(&engine, "a", "k").is_some());
    // While closing, a held lock delays for about a second, and the job is told.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stuck = submit(&engine, |tx| tx.put(&Address::new("a", "l"), Record { value: "{}", meta: meta(2) }));
    let begun = Instant::now();
    engine.close();
    assert!(begun.elapsed() < Duration::from_secs(8));
    let error = stuck.recv().unwrap().unwrap_err();
    assert_eq!((error.code(), error.code().retryable()), (Code::Unavailable, true));
}

#[test]
fn requests_that_are_cancelled_and_sent_again_do_not_pile_up_behind_a_writer_that_can_t_write() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("store.db"));
    let release = stall(&engine);
    let mut kept = Vec::new();
    for n in 0..20_000 {
        let (outcome, received) = mpsc::channel();
        let expired = n % 20 != 0;
        if !expired {
            kept.push(received);
        }
        engine.submit(Box::new(Closure { work: Box::new(|_| Ok(())), outcome, expired }));
    }
    assert!(fact(&engine, "queued") <= 2_200, "{} jobs wait", fact(&engine, "queued"));
    drop(release);
    for outcome in kept {
        outcome.recv().expect("only expired jobs are dropped").unwrap();
    }
}

#[test]
fn closing_writes_what_is_queued_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine = open(&path);
    let release = stall(&engine);
    let queued = submit(&engine, |tx| tx.put(&Address::new("a", "k"), Record { value: "{}", meta: meta(1) }));
    std::thread::scope(|scope| {
        scope.spawn(|| engine.close());
        drop(release);
    });
    queued.recv().unwrap().unwrap();
    assert_eq!(write(&engine, |_| Ok(())).unwrap_err().code(), Code::Closed);
    assert_eq!(engine.view(true).err().unwrap().code(), Code::Closed);
    assert_eq!(engine.open().unwrap_err().code(), Code::Closed);
    assert!(get_now(&open(&path), "a", "k").is_some());
}

#[test]
fn the_log_is_moved_into_the_file_while_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let engine =
        FileEngine::new(&Config { durability: crate::store::config::Durability::Normal, ..config(&path) });
    engine.open().unwrap();
    let value = format!("{{\"v\":\"{}\"}}", "x".repeat(30_000));
    for n in 0..1_000 {
        put(&engine, "a", &(n % 50).to_string(), &value).unwrap();
    }
    assert!(fact(&engine, "checkpoints") > 2);
    // 1,000 writes of 8 pages and more would be 32 MB.
    assert!(fact(&engine, "log_bytes") < 12_000_000, "{}", fact(&engine, "log_bytes"));
}
