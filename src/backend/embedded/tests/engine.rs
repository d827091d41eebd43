//! What the memory engine promises to jobs and views.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::harness::*;
use crate::backend::embedded::engine::{Engine, Job, Transaction, View};
use crate::backend::embedded::memory::Memory;
use crate::backend::embedded::write::apply;
use crate::error::{Code, Error, Result};
use crate::store::operation::Operation;

#[test]
fn a_job_that_fails_or_panics_is_undone_alone() {
    let store = Harness::new(Memory::new());
    store.put("a", "k", r#"{"n":1}"#);
    let now = store.now;
    for panics in [false, true] {
        let failed: Result<()> = store.transact(move |transaction| {
            apply(transaction, &put("a", "k", r#"{"n":2}"#, None), now)?;
            apply(transaction, &put("b", "new", "{}", None), now)?;
            if panics {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            Err(Error::new(Code::Full, "no space"))
        });
        let code = if panics { Code::Panic } else { Code::Full };
        assert_eq!(failed.unwrap_err().code(), code);
        assert_eq!(store.get("a", "k")["value"], json!({"n":1}));
        assert_eq!(store.read(Operation::Count(Box::new(scope("")))), json!(1));
    }
    store.put("a", "k", r#"{"n":3}"#);
    assert_eq!(store.get("a", "k")["value"], json!({"n":3}));
}

#[test]
fn a_write_now_that_fails_or_panics_leaves_no_trace() {
    let store = Harness::new(Memory::new());
    store.put("a", "k", r#"{"n":1}"#);
    for panics in [false, true] {
        let mut work = |transaction: &mut dyn Transaction| {
            apply(transaction, &put("a", "k", r#"{"n":2}"#, None), store.now)?;
            if panics {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            Err(Error::new(Code::Full, "no space"))
        };
        let outcome = store.engine.write_now(&mut work).unwrap().outcome;
        assert_eq!(outcome.unwrap_err().code(), if panics { Code::Panic } else { Code::Full });
        assert_eq!(store.get("a", "k")["value"], json!({"n":1}));
    }
}

#[test]
fn a_view_does_not_see_later_writes() {
    let store = Harness::new(Memory::new());
    store.put("a", "k", r#"{"n":1}"#);
    let mut view = store.engine.view(false).unwrap().unwrap();
    store.put("a", "k", r#"{"n":2}"#);
    store.write(delete("a", "other"));
    let mut seen = String::new();
    assert!(view.get(&address("a", "k"), &mut |record| seen = record.value.to_owned()).unwrap());
    assert_eq!(seen, r#"{"n":1}"#);
}

/// Adds one to a counter item and counts that it was told.
struct Increment {
    now: i64,
    told: Arc<AtomicUsize>,
}

impl Job for Increment {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        let mut count = 0;
        transaction.get(&address("a", "n"), &mut |record| count = record.value.len())?;
        // The value's length is the count: cheap to read, and a lost update shows.
        let text = format!("{{{}}}", " ".repeat(count.max(2) - 1));
        apply(transaction, &put("a", "n", &text, None), self.now).map(|_| ())
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        committed.unwrap();
        self.told.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_job_that_comes_during_a_write_now_is_told_of_and_run() {
    let store = Harness::new(Memory::new());
    let told = Arc::new(AtomicUsize::new(0));
    let increment = || Box::new(Increment { now: store.now, told: told.clone() });
    let now = store.engine.write_now(&mut |_| {
        store.engine.submit(increment());
        Ok(())
    });
    let now = now.unwrap();
    now.outcome.unwrap();
    assert!(now.left);
    // Whoever has to wait for another is accepted.
    assert!(store.engine.write_now(&mut |_| Ok(())).is_none());
    assert_eq!(told.load(Ordering::Relaxed), 0);
    store.engine.run_left();
    assert_eq!(told.load(Ordering::Relaxed), 1);
    assert!(!store.engine.write_now(&mut |_| Ok(())).unwrap().left);
}

#[test]
fn jobs_of_many_threads_all_run_once_in_turn() {
    const THREADS: usize = 4;
    const EACH: usize = 300;
    let store = Harness::new(Memory::new());
    let told = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..EACH {
                    store.engine.submit(Box::new(Increment { now: store.now, told: told.clone() }));
                }
            });
        }
    });
    // No thread runs any more: whatever was stranded in the queue is missing here.
    assert_eq!(told.load(Ordering::Relaxed), THREADS * EACH);
    let mut length = 0;
    let mut view = store.engine.view(false).unwrap().unwrap();
    view.get(&address("a", "n"), &mut |record| length = record.value.len()).unwrap();
    assert_eq!(length, THREADS * EACH + 2);
}

#[test]
fn after_close_nothing_runs() {
    let store = Harness::new(Memory::new());
    store.put("a", "k", "{}");
    store.engine.close();
    assert_eq!(store.engine.view(false).err().map(|error| error.code()), Some(Code::Closed));
    let late = store.transact(|_| Ok(()));
    assert_eq!(late.unwrap_err().code(), Code::Closed);
}
