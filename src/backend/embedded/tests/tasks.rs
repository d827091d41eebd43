//! The backend with real tasks: opening, cancelling, deadlines, closing, refreshing, faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lock::Mutex;
use serde_json::{Value as Json, json};

use super::harness::*;
use super::reluctant::Reluctant;
use super::stage::Stage;
use crate::backend::Backend;
use crate::backend::embedded::Embedded;
use crate::backend::embedded::memory::Memory;
use crate::backend::fault::Fault;
use crate::error::{Code, Error};
use crate::store::config::{Config, FaultConfig};
use crate::store::operation::*;
use crate::store::order::Order;

fn memory(config: Config) -> Stage<Embedded<Memory>> {
    Stage::new(config, |config, runtime| {
        Embedded::new(Memory::new(), config, Arc::default(), runtime.handle().clone())
    })
}

fn advance(seconds: i64) -> Operation {
    Operation::Admin(Admin::Advance { by_us: seconds * SECOND })
}

#[test]
fn requests_before_the_engine_is_open_wait_and_run() {
    let stage = memory(Config::default());
    assert!(stage.backend.immediate(&get("a", "k", false)).is_none());
    let sent: Vec<_> = (0..50).map(|n| stage.send(put("a", &n.to_string(), "{}", None))).collect();
    for one in sent {
        assert_eq!(one.recv().unwrap(), Ok(Json::Null));
    }
    assert_eq!(stage.call(Operation::Count(Box::new(scope("a")))), Ok(json!(50)));
    let at_once = stage.backend.immediate(&get("a", "7", false)).unwrap().unwrap();
    assert!(at_once.contains("\"key\":\"7\""));
}

#[test]
fn every_kind_of_request_has_its_answer() {
    let stage = memory(Config { test_clock: true, ..Config::default() });
    for kind in [Admin::Open, Admin::Migrate(Default::default()), Admin::Warmup] {
        assert_eq!(stage.call(Operation::Admin(kind)), Ok(Json::Null));
    }
    assert_eq!(stage.call(Operation::Admin(Admin::Reindex)), Ok(json!(0)));
    let health = stage.call(Operation::Admin(Admin::Health { write: false })).unwrap();
    assert_eq!(
        (&health["status"], &health["checks"]["engine"]["status"]),
        (&json!("healthy"), &json!("healthy"))
    );
    assert!(health["latency_ms"].is_number());
    assert_eq!(stage.call(Operation::Admin(Admin::ClusterInfo)).unwrap()["backend"], "memory");
    let backup = Operation::Admin(Admin::Backup { path: "copy".into() });
    assert_eq!(stage.call(backup), Err(Code::Unsupported));
    for n in 0..2_500 {
        let ttl = (n % 2 == 0).then_some(SECOND);
        assert_eq!(stage.call(put("a", &n.to_string(), "{}", ttl)), Ok(Json::Null));
    }
    let search = Operation::Search(Box::new(search("", Order::KEY, 2_000, 1_000)));
    assert_eq!(keys(&stage.call(search).unwrap()).len(), 500);
    assert_eq!(stage.call(advance(5)), Ok(Json::Null));
    assert_eq!(stage.call(Operation::Sweep), Ok(json!(1_250)));
    assert_eq!(stage.call(Operation::DeletePrefix(Box::new(scope("a")))), Ok(json!(1_250)));
    let listing = Operation::ListNamespaces(Box::new(list(vec![], None, 9)));
    assert_eq!(stage.call(listing), Ok(json!({"namespaces":[]})));
}

#[test]
fn advance_needs_the_option() {
    let stage = memory(Config::default());
    assert_eq!(stage.call(advance(1)), Err(Code::Unsupported));
    assert_eq!(stage.backend.immediate(&advance(1)).unwrap().unwrap_err().code(), Code::Unsupported);
}

#[test]
fn batches_read_before_they_write() {
    let stage = memory(Config::default());
    for mode in [Mode::Snapshot, Mode::Sequential] {
        stage.call(put("a", "k", r#"{"n":0}"#, None)).unwrap();
        let operations = vec![put("a", "k", r#"{"n":1}"#, None), get("a", "k", false)];
        let batch = Operation::Batch(Box::new(Batch { operations, mode, logged: false }));
        let answer = stage.call(batch).unwrap();
        let seen = if mode == Mode::Snapshot { 0 } else { 1 };
        assert_eq!(answer["results"][1]["result"]["value"]["n"], seen, "{mode:?}");
    }
}

#[test]
fn a_refresh_is_applied_before_the_clock_moves() {
    let mut config = Config { test_clock: true, ..Config::default() };
    config.ttl.refresh_slack = 0.0;
    let stage = memory(config);
    stage.call(put("a", "k", "{}", Some(10 * SECOND))).unwrap();
    for round in 0..20 {
        stage.call(advance(6)).unwrap();
        let item = match round % 2 {
            0 => stage.call(get("a", "k", true)).unwrap(),
            _ => serde_json::from_str(&stage.backend.immediate(&get("a", "k", true)).unwrap().unwrap())
                .unwrap(),
        };
        assert_eq!(item["key"], "k", "round {round}");
    }
    stage.call(advance(10)).unwrap();
    assert_eq!(stage.call(get("a", "k", true)), Ok(Json::Null));
}

#[test]
fn slack_saves_refreshes() {
    let mut config = Config { test_clock: true, ..Config::default() };
    config.ttl.refresh_slack = 0.5;
    let stage = memory(config);
    stage.call(put("a", "k", "{}", Some(10 * SECOND))).unwrap();
    stage.call(advance(4)).unwrap();
    let first = stage.call(get("a", "k", true)).unwrap();
    stage.call(advance(2)).unwrap();
    let second = stage.call(get("a", "k", true)).unwrap();
    assert_eq!(second["expires_at"], first["expires_at"], "less than half had passed at the first read");
    stage.call(advance(1)).unwrap();
    let third = stage.call(get("a", "k", false)).unwrap();
    assert_ne!(third["expires_at"], first["expires_at"]);
}

#[test]
fn a_stopped_or_late_write_is_not_applied() {
    let stage = memory(Config::default());
    stage.call(Operation::Admin(Admin::Open)).unwrap();
    let (task, ticket, outcome) = stage.task(put("a", "k", "{}", None), None);
    let error = ticket.stop(Code::Cancelled).unwrap();
    ticket.deliver(Err(error));
    stage.backend.start(task);
    assert_eq!(outcome.recv().unwrap(), Err(Code::Cancelled));
    let batch = || {
        let operations = vec![put("a", "b", "{}", None), put("a", "c", "{}", None)];
        Operation::Batch(Box::new(Batch { operations, mode: Mode::Snapshot, logged: true }))
    };
    for operation in [put("a", "k", "{}", None), batch(), Operation::Sweep, delete_prefix()] {
        let (task, _, outcome) = stage.task(operation, Some(Duration::ZERO));
        stage.backend.start(task);
        assert_eq!(outcome.recv().unwrap(), Err(Code::Timeout));
    }
    assert_eq!(stage.call(Operation::Count(Box::new(scope("")))), Ok(json!(0)));
}

fn delete_prefix() -> Operation {
    Operation::DeletePrefix(Box::new(scope("")))
}

#[test]
fn after_close_everything_is_refused() {
    let stage = memory(Config::default());
    stage.call(put("a", "k", "{}", None)).unwrap();
    stage.backend.close();
    assert_eq!(stage.backend.immediate(&get("a", "k", false)).unwrap().unwrap_err().code(), Code::Closed);
    assert_eq!(stage.call(get("a", "k", false)), Err(Code::Closed));
    assert_eq!(stage.call(put("a", "k", "{}", None)), Err(Code::Closed));
}

fn reluctant(failures: usize, config: Config) -> Stage<Embedded<Reluctant>> {
    Stage::new(config, |config, runtime| {
        let engine = Reluctant { inner: Memory::new(), failures: failures.into(), kept: Mutex::new(None) };
        Embedded::new(engine, config, Arc::default(), runtime.handle().clone())
    })
}

#[test]
fn one_failing_write_of_a_batch_fails_alone_unless_logged() {
    let stage = reluctant(0, Config::default());
    let operations = |bad: usize| {
        let bad = (0..bad).map(|n| put(&format!("n{n}"), "bad", "{}", None));
        let mut all = vec![put("a", "1", "{}", None)];
        all.extend(bad);
        all.extend([get("a", "1", false), put("a", "2", "{}", None)]);
        all
    };
    let batch = |bad, logged| {
        let batch = Batch { operations: operations(bad), mode: Mode::Snapshot, logged };
        stage.call(Operation::Batch(Box::new(batch)))
    };
    let count = || stage.call(Operation::Count(Box::new(scope("")))).unwrap();
    assert_eq!(batch(1, true), Err(Code::Full));
    assert_eq!(count(), json!(0));
    let answer = batch(2, false).unwrap();
    let codes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|r| &r["error"]["code"]).collect();
    let (none, full) = (&Json::Null, &json!("full"));
    assert_eq!(codes, [none, full, full, none, none]);
    assert_eq!(count(), json!(2));
    // So many failures are the engine's and not the operations': the rest is not tried for ever.
    let answer = batch(10, false).unwrap();
    assert_eq!(answer["results"][0]["error"]["code"], "full");
    assert_eq!(answer["results"][11].get("error"), None, "what was read stays read");
}

#[test]
fn health_may_try_a_write_that_nobody_sees() {
    let stage = memory(Config::default());
    let health = stage.call(Operation::Admin(Admin::Health { write: true })).unwrap();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["checks"]["write"]["status"], "healthy");
    let info = stage.call(Operation::Admin(Admin::ClusterInfo)).unwrap();
    assert_eq!((&info["items"], &info["namespaces"]), (&json!(0), &json!(0)));
    assert_eq!(stage.call(Operation::Count(Box::new(scope("")))), Ok(json!(0)));
}

#[cfg(feature = "file")]
#[test]
fn a_store_that_cannot_write_is_unhealthy_only_when_asked_to() {
    use crate::backend::embedded::file::FileEngine;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db").display().to_string();
    let file = |read_only| {
        let config = Config { path: Some(path.clone()), read_only, ..Config::default() };
        Stage::new(config, |config, runtime| {
            Embedded::new(FileEngine::new(&config), config, Arc::default(), runtime.handle().clone())
        })
    };
    let health = |stage: &Stage<_>, write| stage.call(Operation::Admin(Admin::Health { write })).unwrap();
    let writer = file(false);
    assert_eq!(health(&writer, true)["checks"]["write"]["status"], "healthy");
    let reader = file(true);
    assert_eq!(health(&reader, false)["status"], "healthy");
    let sick = health(&reader, true);
    assert_eq!(sick["status"], "unhealthy");
    assert_eq!(sick["checks"]["engine"]["status"], "healthy");
    let message = sick["checks"]["write"]["message"].as_str().unwrap();
    assert!(message.contains("read_only"), "{message}");
    reader.backend.close();
    writer.backend.close();
}

#[test]
fn opening_is_tried_again_by_the_next_request() {
    let stage = reluctant(2, Config::default());
    assert_eq!(stage.call(get("a", "k", false)), Err(Code::Unavailable));
    let health = stage.call(Operation::Admin(Admin::Health { write: false })).unwrap();
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(stage.call(get("a", "k", false)), Ok(Json::Null));
}

#[test]
fn the_sweeper_reclaims_by_itself() {
    let mut config = Config { test_clock: true, ..Config::default() };
    config.ttl.sweep_interval = Some(0.01);
    let stage = memory(config);
    stage.call(put("a", "k", "{}", Some(SECOND))).unwrap();
    stage.call(advance(2)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let items = || stage.call(Operation::Admin(Admin::ClusterInfo)).unwrap()["items"].clone();
    while items() != json!(0) {
        assert!(Instant::now() < deadline, "the sweeper has not run");
        std::thread::yield_now();
    }
}

/// Ends when `holds` does, or with the test.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn reads_refresh_again_after_a_refresh_that_could_not_run() {
    let mut config = Config { test_clock: true, ..Config::default() };
    config.ttl.refresh_slack = 0.0;
    let stage = reluctant(0, config);
    stage.call(put("a", "k", "{}", Some(1_000 * SECOND))).unwrap();
    stage.call(advance(600)).unwrap();
    let kept = &stage.backend.shared.engine.kept;
    *kept.lock() = Some(Vec::new());
    let before = stage.call(get("a", "k", true)).unwrap();
    wait_until("the refresh", || kept.lock().as_ref().is_some_and(|jobs| jobs.len() == 1));
    // As the file's writer does when another process does not let go of the lock.
    for job in kept.lock().take().unwrap() {
        job.finish(Err(Error::new(Code::Unavailable, "no lock")));
    }
    wait_until("a refresh that moves the expiry", || {
        stage.call(get("a", "k", true)).unwrap()["expires_at"] != before["expires_at"]
    });
}

#[test]
fn requests_that_are_cancelled_while_the_store_opens_do_not_pile_up() {
    let stage = memory(Config::default());
    let opening = &stage.backend.shared.opening;
    // As if somebody were opening it already.
    opening.lock().running = true;
    for _ in 0..10_000 {
        let (task, ticket, _outcome) = stage.task(get("a", "k", false), None);
        stage.backend.start(task);
        let error = ticket.stop(Code::Cancelled).unwrap();
        ticket.deliver(Err(error));
    }
    let kept = stage.send(put("a", "k", "{}", None));
    assert!(opening.lock().waiting.len() <= 2_049);
    stage.backend.open_here();
    assert_eq!(kept.recv().unwrap(), Ok(Json::Null));
}

#[test]
fn one_sweep_at_a_time_waits_for_a_writer_that_does_not_move() {
    let mut config = Config::default();
    config.ttl.sweep_interval = Some(0.001);
    let stage = reluctant(0, config);
    stage.call(Operation::Admin(Admin::Open)).unwrap();
    let kept = &stage.backend.shared.engine.kept;
    *kept.lock() = Some(Vec::new());
    wait_until("the sweeper", || kept.lock().as_ref().is_some_and(|jobs| !jobs.is_empty()));
    // Time for fifty more; a slower machine only makes the test weaker.
    std::thread::sleep(Duration::from_millis(50));
    let jobs = kept.lock().replace(Vec::new()).unwrap();
    assert_eq!(jobs.len(), 1);
    drop(jobs);
    wait_until("the next sweep", || kept.lock().as_ref().is_some_and(|jobs| !jobs.is_empty()));
}

fn faulty(fault: FaultConfig) -> Stage<Fault> {
    Stage::new(Config { fault, ..Config::default() }, |config, runtime| {
        Fault::new(config, Arc::default(), runtime.handle().clone())
    })
}

#[test]
fn faults_hit_accepted_requests_and_change_nothing() {
    let stage = faulty(FaultConfig { fail_every: 2, panic_every: 3, ..FaultConfig::default() });
    let outcomes: Vec<_> = (0..6).map(|n| stage.call(put("a", &n.to_string(), "{}", None))).collect();
    let (fails, panics) = (Err(Code::Unavailable), Err(Code::Panic));
    assert_eq!(outcomes, [Ok(Json::Null), fails.clone(), panics.clone(), fails, Ok(Json::Null), panics]);
    assert_eq!(stage.call(Operation::Count(Box::new(scope("")))), Ok(json!(2)));
}

#[test]
fn gets_are_padded_and_delays_can_be_cancelled() {
    let stage = faulty(FaultConfig { size_bytes: 5_000, ..FaultConfig::default() });
    assert_eq!(stage.call(get("a", "k", false)), Ok(Json::Null));
    stage.call(put("a", "k", "{}", None)).unwrap();
    assert_eq!(stage.call(get("a", "k", false)).unwrap().to_string().len(), 5_000);

    let stage = faulty(FaultConfig { delay_us: 50_000, ..FaultConfig::default() });
    let (task, ticket, outcome) = stage.task(put("a", "k", "{}", None), None);
    stage.backend.start(task);
    let error = ticket.stop(Code::Cancelled).expect("nothing has begun");
    ticket.deliver(Err(error));
    assert_eq!(outcome.recv().unwrap(), Err(Code::Cancelled));
    assert_eq!(stage.call(get("a", "k", false)), Ok(Json::Null), "which began later and ran later");
}
