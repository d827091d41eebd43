//! The guards together, on a backend whose outcomes the test decides. Tokio's clock stands still and
//! jumps to the next timer whenever all wait, so pauses and windows are exact and take no time.

use std::collections::VecDeque;
use std::sync::Weak;
use std::sync::mpsc::{Receiver as Inbox, Sender, TryRecvError, channel};

use serde_json::{Value as Json, json};
use tokio::time::{advance, sleep};

use super::*;
use crate::lock::Mutex;
use crate::op::completion::{Completion, Receiver, Sink};
use crate::op::desk::{Desk, Observer};
use crate::op::ticket::{Admission, Delivery, Ticket};
use crate::store::request;
use crate::telemetry::batches::Shape;

/// Completes tasks with the outcomes it was given, in order; then with `null`. Each attempt and its
/// time are written down.
#[derive(Default)]
struct Script {
    outcomes: Mutex<VecDeque<Result<String>>>,
    attempts: Mutex<Vec<(Instant, u64)>>,
    /// Claims each task first, as one does before a write.
    claims: AtomicBool,
    /// Keeps tasks instead of completing them.
    holds: AtomicBool,
    held: Mutex<Vec<Task>>,
    at_once: AtomicBool,
}

impl Script {
    fn next(&self) -> Result<String> {
        self.outcomes.lock().pop_front().unwrap_or_else(|| Ok("null".to_owned()))
    }
}

impl Backend for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn immediate(&self, _: &Operation) -> Option<Result<String>> {
        self.at_once.load(Ordering::Relaxed).then(|| {
            self.attempts.lock().push((Instant::now(), 0));
            self.next()
        })
    }

    fn start(&self, task: Task) {
        let number = self.attempts.lock().len() as u64;
        let stamp = task.stamp(|| number);
        self.attempts.lock().push((Instant::now(), stamp));
        if self.claims.load(Ordering::Relaxed) && !task.claim() {
            return;
        }
        if self.holds.load(Ordering::Relaxed) {
            return self.held.lock().push(task);
        }
        task.complete(self.next());
    }

    fn close(&self) {}
}

struct Silent;

impl Observer for Silent {
    fn observe(&self, _: Kind, _: Option<Shape>, _: Option<Code>, _: Duration) {}
}

struct Post(Sender<std::result::Result<Json, Json>>);

impl Receiver for Post {
    fn receive(&self, completion: Completion) {
        let answer = completion.into_answer();
        let json = serde_json::from_str(answer.json()).unwrap();
        // A test that has ended does not listen.
        let _ = self.0.send(if answer.error().is_none() { Ok(json) } else { Err(json) });
    }
}

type Outcome = Inbox<std::result::Result<Json, Json>>;

struct Stage {
    config: Config,
    script: Arc<Script>,
    guards: Arc<Guarded>,
    desk: Arc<Desk>,
}

/// Runs a test on a stage with this configuration.
fn on<F: Future<Output = ()>>(config: Json, test: impl FnOnce(Stage) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap();
    runtime.block_on(async {
        let config = Config::parse(&config.to_string()).unwrap();
        let script = Arc::<Script>::default();
        let guards = Guarded::new(script.clone(), &config, runtime.handle());
        let weak = Arc::downgrade(&guards);
        test(Stage { config, script, guards, desk: Arc::new(Desk::new(100, 1 << 20, Arc::new(Silent))) })
            .await;
        nothing_is_left(&weak).await;
    });
}

/// No timer and no task may keep the guards once the store has gone.
async fn nothing_is_left(guards: &Weak<Guarded>) {
    if let Some(guards) = guards.upgrade() {
        guards.close();
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(guards.strong_count(), 0, "something still holds the guards");
}

fn unavailable() -> Error {
    Error::new(Code::Unavailable, "away")
}

fn in_doubt() -> Error {
    Error::new(Code::UnknownOutcome, "lost")
}

const PUT: &str = r#"{"namespace":["n"],"key":"k","value":{}"#;

impl Stage {
    fn prepare(&self, kind: Kind, body: &str) -> Prepared {
        request::parse(kind, body.as_bytes(), &self.config, &mut |_| {}).unwrap()
    }

    fn admit(&self, request: &Prepared, timeout: Option<Duration>) -> (Arc<Ticket>, Outcome) {
        let (sender, inbox) = channel();
        let started = std::time::Instant::now();
        let ticket = self.desk.admit(Admission {
            tag: 0,
            kind: request.kind(),
            batch: None,
            writes: request.operation.writes(),
            bytes: 0,
            started,
            deadline: timeout.map(|timeout| started + timeout),
            sink: Sink::Receiver(Arc::new(Post(sender))),
        });
        (ticket.unwrap(), inbox)
    }

    fn start(&self, kind: Kind, body: &str, timeout: Option<Duration>) -> (Arc<Ticket>, Outcome) {
        let request = self.prepare(kind, body);
        let (ticket, outcome) = self.admit(&request, timeout);
        self.guards.start_all(&mut vec![Task::new(ticket.clone(), request)]);
        (ticket, outcome)
    }

    /// A put, with these options.
    fn put(&self, options: &str) -> Outcome {
        self.start(Kind::Put, &format!("{PUT}{options}}}"), None).1
    }

    /// A get on the caller's thread.
    fn get_here(&self, options: &str) -> Option<Result<String>> {
        let body = format!(r#"{{"namespace":["n"],"key":"k"{options}}}"#);
        self.guards.immediate(&mut self.prepare(Kind::Get, &body))
    }

    fn will(&self, outcomes: impl IntoIterator<Item = Result<String>>) {
        self.script.outcomes.lock().extend(outcomes);
    }

    fn attempts(&self) -> usize {
        self.script.attempts.lock().len()
    }

    /// Seconds between one attempt and the next, to a hundredth: tokio's timers are late by up to 2 ms.
    fn pauses(&self) -> Vec<f64> {
        let attempts = self.script.attempts.lock();
        let pause = |pair: &[(Instant, u64)]| ((pair[1].0 - pair[0].0).as_millis() / 10) as f64 / 100.0;
        attempts.windows(2).map(pause).collect()
    }

    fn report(&self) -> Report {
        let mut report = Report::default();
        self.guards.report(&mut report);
        report
    }

    fn cancel(&self, ticket: &Arc<Ticket>) {
        match ticket.stop(Code::Cancelled) {
            Some(error) => drop(Delivery::new(ticket.clone(), error)),
            None => self.guards.recall(),
        }
    }
}

async fn outcome(inbox: &Outcome) -> std::result::Result<Json, Json> {
    for _ in 0..1_000_000 {
        match inbox.try_recv() {
            Ok(outcome) => return outcome,
            Err(TryRecvError::Empty) => sleep(Duration::from_millis(1)).await,
            Err(TryRecvError::Disconnected) => break,
        }
    }
    panic!("no outcome in a quarter of an hour");
}

async fn fails(inbox: &Outcome, code: &str) -> Json {
    let error = outcome(inbox).await.unwrap_err();
    assert_eq!(error["code"], code, "{error}");
    assert!(inbox.try_recv().is_err(), "a second completion");
    error
}

/// Lets everything run that does not wait for the clock.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn without_guards_nothing_is_tried_twice() {
    on(json!({}), |stage| async move {
        stage.will([Err(unavailable())]);
        fails(&stage.put(""), "unavailable").await;
        assert_eq!((stage.attempts(), stage.guards.breaker()), (1, None));
        assert_eq!(stage.report(), Report::default());
    });
}

#[test]
fn a_request_says_how_it_is_tried_again() {
    on(json!({"retry": {"jitter": false}}), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        let options = r#","max_retries":3,"retry_delay":0.5,"retry_backoff":3"#;
        assert_eq!(outcome(&stage.put(options)).await, Ok(Json::Null));
        assert_eq!(stage.pauses(), [0.5, 1.5, 4.5]);
        let retries = stage.report().retries.unwrap();
        assert_eq!((retries.attempts, retries.succeeded, retries.exhausted), (3, 1, 0));
        stage.will((0..9).map(|_| Err(unavailable())));
        fails(&stage.put(r#","max_retries":2"#), "unavailable").await;
        assert_eq!(stage.attempts(), 4 + 3);
        assert_eq!(stage.report().retries.unwrap().exhausted, 1);
    });
}

#[test]
fn the_configuration_says_it_for_all_and_a_request_wins() {
    on(json!({"retry": {"max_retries": 2, "retry_delay": 0.2, "jitter": false}}), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        fails(&stage.put(""), "unavailable").await;
        assert_eq!(stage.pauses(), [0.2, 0.4]);
        stage.will([Err(unavailable())]);
        fails(&stage.put(r#","max_retries":0"#), "unavailable").await;
        assert_eq!(stage.attempts(), 4);
    });
}

#[test]
fn only_what_time_may_cure_is_tried_again() {
    let transient = [Code::Unavailable, Code::Overloaded, Code::Timeout, Code::UnknownOutcome];
    for code in Code::ALL {
        on(json!({"retry": {"max_retries": 1}}), |stage| async move {
            stage.will([Err(Error::new(*code, "x"))]);
            let inbox = stage.put("");
            let ended = outcome(&inbox).await;
            assert_eq!(stage.attempts(), if transient.contains(code) { 2 } else { 1 }, "{code:?}");
            assert_eq!(ended.is_ok(), transient.contains(code));
        });
    }
}

#[test]
fn conditional_writes_are_never_tried_again() {
    let put = r#"{"namespace":["n"],"key":"k","value":{}"#;
    let place = r#"{"namespace":["n"],"key":"k""#;
    for (kind, body) in [
        (Kind::PutIfAbsent, format!("{put}}}")),
        (Kind::UpdateIfExists, format!("{put}}}")),
        (Kind::CompareAndSet, format!(r#"{put},"expected_value":{{}}}}"#)),
        (Kind::DeleteIfExists, format!("{place}}}")),
        (Kind::DeleteIfValue, format!(r#"{place},"expected_value":{{}}}}"#)),
        (Kind::DeletePrefix, r#"{"namespace_prefix":[]}"#.to_owned()),
        (Kind::Sweep, String::new()),
        (Kind::Open, String::new()),
    ] {
        on(json!({"retry": {"max_retries": 5}}), |stage| async move {
            stage.will([Err(unavailable())]);
            fails(&stage.start(kind, &body, None).1, "unavailable").await;
            assert_eq!(stage.attempts(), 1, "{kind:?}");
        });
    }
}

#[test]
fn a_batch_in_doubt_is_tried_again_only_if_it_does_not_read_and_write() {
    let get = r#"{"op":"get","namespace":["n"],"key":"k"}"#;
    let put = r#"{"op":"put","namespace":["n"],"key":"k","value":{}}"#;
    for (ops, error, attempts) in [
        (format!("{put},{put}"), in_doubt(), 2),
        (format!("{get},{put}"), in_doubt(), 1),
        (format!("{get},{put}"), unavailable(), 2),
        (format!("{get},{get}"), in_doubt(), 2),
    ] {
        on(json!({"retry": {"max_retries": 1}}), |stage| async move {
            stage.will([Err(error)]);
            let body = format!(r#"{{"ops":[{ops}]}}"#);
            let ended = outcome(&stage.start(Kind::Batch, &body, None).1).await;
            assert_eq!((stage.attempts(), ended.is_ok()), (attempts, attempts == 2), "{ops}");
        });
    }
}

#[test]
fn no_pause_goes_past_the_deadline() {
    on(json!({"retry": {"max_retries": 5, "retry_delay": 10, "jitter": false}}), |stage| async move {
        stage.will([Err(unavailable())]);
        let body = format!("{PUT}}}");
        let (_, inbox) = stage.start(Kind::Put, &body, Some(Duration::from_secs(9)));
        settle().await;
        assert_eq!(
            inbox.try_recv().unwrap().unwrap_err()["code"],
            "unavailable",
            "at once, not at the deadline"
        );
        assert_eq!(stage.attempts(), 1);
        stage.will([Err(unavailable())]);
        let (_, inbox) = stage.start(Kind::Put, &body, Some(Duration::from_secs(60)));
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
    });
}

#[test]
fn a_retry_waits_as_long_as_the_error_asks() {
    on(json!({"retry": {"max_retries": 1, "jitter": false}}), |stage| async move {
        stage.will([Err(Error::new(Code::Overloaded, "busy").with_retry_after_ms(7_000))]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.pauses(), [7.0]);
    });
}

#[test]
fn attempts_share_their_stamp_and_requests_do_not() {
    on(json!({"retry": {"max_retries": 3}}), |stage| async move {
        stage.will([Err(unavailable()), Err(in_doubt()), Ok("null".into())]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        let stamps: Vec<_> = stage.script.attempts.lock().iter().map(|(_, stamp)| *stamp).collect();
        assert_eq!(stamps, [0, 0, 0, 3]);
    });
}

#[test]
fn once_in_doubt_a_failure_says_so() {
    on(json!({"retry": {"max_retries": 2}}), |stage| async move {
        stage.will([Err(unavailable()), Err(in_doubt()), Err(unavailable())]);
        let error = fails(&stage.put(""), "unknown_outcome").await;
        assert_eq!(
            (&error["may_have_applied"], &error["details"]["cause"]["code"]),
            (&json!(true), &json!("unavailable"))
        );
        stage.will([Err(in_doubt()), Err(Error::new(Code::Unauthorized, "no"))]);
        fails(&stage.put(""), "unknown_outcome").await;
        stage.will([Err(in_doubt()), Ok("null".into())]);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null), "applied now, whatever was before");
    });
}

#[test]
fn a_cancel_between_attempts_ends_the_request() {
    let config = json!({"retry": {"max_retries": 5, "retry_delay": 100, "max_delay": 100, "jitter": false}});
    for (error, code) in [(unavailable(), "cancelled"), (in_doubt(), "unknown_outcome")] {
        on(config.clone(), |stage| async move {
            stage.script.claims.store(true, Ordering::Relaxed);
            stage.will([Err(error)]);
            let began = Instant::now();
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            settle().await;
            assert!(inbox.try_recv().is_err(), "waits");
            stage.cancel(&ticket);
            fails(&inbox, code).await;
            assert!(began.elapsed() < Duration::from_secs(1));
            sleep(Duration::from_secs(200)).await;
            assert_eq!(stage.attempts(), 1);
        });
    }
}

#[test]
fn a_cancel_while_a_write_is_under_way_ends_its_retries() {
    on(json!({"retry": {"max_retries": 5}}), |stage| async move {
        stage.script.claims.store(true, Ordering::Relaxed);
        stage.script.holds.store(true, Ordering::Relaxed);
        let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
        stage.cancel(&ticket);
        let task = stage.script.held.lock().pop().unwrap();
        task.complete(Err(unavailable()));
        fails(&inbox, "unavailable").await;
        assert_eq!(stage.attempts(), 1);
    });
}

#[test]
fn close_ends_pauses() {
    on(json!({"retry": {"max_retries": 5, "retry_delay": 100, "max_delay": 100}}), |stage| async move {
        stage.script.claims.store(true, Ordering::Relaxed);
        stage.will([Err(in_doubt()), Err(unavailable())]);
        let (first, second) = (stage.put(""), stage.put(""));
        settle().await;
        stage.guards.close();
        fails(&first, "unknown_outcome").await;
        fails(&second, "unavailable").await;
    });
}

#[test]
fn a_runtime_that_goes_down_leaves_nobody_without_an_outcome() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let config = json!({"retry": {"max_retries": 5}, "rate_limit": {"on_limit": "wait",
        "operations": {"get": {"requests_per_minute": 1}}}});
    let config = Config::parse(&config.to_string()).unwrap();
    let script = Arc::<Script>::default();
    let guards = Guarded::new(script.clone(), &config, runtime.handle());
    let stage = Stage { config, script, guards, desk: Arc::new(Desk::new(100, 1 << 20, Arc::new(Silent))) };
    let get = r#"{"namespace":["n"],"key":"k"}"#;
    let (pausing, waiting) = runtime.block_on(async {
        stage.will([Err(in_doubt())]);
        let pausing = stage.put("");
        drop(stage.start(Kind::Get, get, None));
        (pausing, stage.start(Kind::Get, get, None).1)
    });
    assert!(pausing.try_recv().is_err() && waiting.try_recv().is_err());
    drop(runtime);
    assert_eq!(pausing.try_recv().unwrap().unwrap_err()["code"], "unknown_outcome");
    assert_eq!(waiting.try_recv().unwrap().unwrap_err()["code"], "closed");
    let (_, late) = stage.start(Kind::Get, get, None);
    assert_eq!(late.try_recv().unwrap().unwrap_err()["code"], "closed", "a caller that can't start");
}

const BREAKER: &str = r#"{"enabled":true,"failure_threshold":3,"success_threshold":2,"timeout":30}"#;

fn with_breaker(more: Json) -> Json {
    let mut config = json!({"breaker": serde_json::from_str::<Json>(BREAKER).unwrap()});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[test]
fn the_breaker_opens_refuses_probes_and_closes() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        let error = fails(&stage.put(""), "circuit_open").await;
        assert_eq!(error["retryable"], true);
        assert_eq!(error["details"], json!({"state": "OPEN", "failures": 3}));
        let after = error["retry_after_ms"].as_u64().unwrap();
        assert!((29_900..=30_000).contains(&after), "{after}");
        assert_eq!(stage.attempts(), 3, "an open breaker asks nothing of the backend");
        let at_once = stage.get_here("").expect("an answer on the caller's thread");
        assert_eq!(at_once.unwrap_err().code(), Code::CircuitOpen);
        advance(Duration::from_secs(30)).await;
        stage.script.holds.store(true, Ordering::Relaxed);
        let probes = [stage.put(""), stage.put("")];
        fails(&stage.put(""), "circuit_open").await;
        for task in std::mem::take(&mut *stage.script.held.lock()) {
            task.complete(Ok("null".into()));
        }
        for probe in probes {
            assert_eq!(outcome(&probe).await, Ok(Json::Null));
        }
        let breaker = stage.report().breakers[0];
        assert_eq!(
            (breaker.state, breaker.opened, breaker.rejected, breaker.failures),
            (State::Closed, 1, 3, 3)
        );
    });
}

#[test]
fn health_is_asked_past_an_open_breaker() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        for kind in [Kind::Health, Kind::ClusterInfo] {
            assert_eq!(outcome(&stage.start(kind, "", None).1).await, Ok(Json::Null));
        }
        fails(&stage.start(Kind::Open, "", None).1, "circuit_open").await;
        assert!(stage.guards.reset_breaker());
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
    });
}

#[test]
fn only_failures_of_the_cluster_open_the_breaker() {
    let sick = [Code::Unavailable, Code::Overloaded, Code::Timeout, Code::UnknownOutcome];
    for code in Code::ALL {
        on(with_breaker(json!({})), |stage| async move {
            stage.will((0..3).map(|_| Err(Error::new(*code, "x"))));
            for _ in 0..3 {
                fails(&stage.put(""), code.name()).await;
            }
            let state = stage.guards.breaker().unwrap().state;
            let wanted = if sick.contains(code) { State::Open } else { State::Closed };
            assert_eq!(state, wanted, "{code:?}");
        });
    }
}

#[test]
fn a_callers_short_deadline_does_not_open_the_breaker() {
    on(with_breaker(json!({})), |stage| async move {
        stage.script.holds.store(true, Ordering::Relaxed);
        let time_out = |deadline: Duration| {
            let (_, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), Some(deadline));
            let task = stage.script.held.lock().pop().unwrap();
            (task, inbox)
        };
        for _ in 0..10 {
            let (task, inbox) = time_out(Duration::ZERO);
            task.complete(Err(Error::new(Code::Timeout, "late")));
            fails(&inbox, "timeout").await;
        }
        assert_eq!(stage.guards.breaker().unwrap().failures, 0);
        // The same deadline, but the cluster had a second.
        for _ in 0..3 {
            let (task, inbox) = time_out(Duration::ZERO);
            advance(Duration::from_secs(1)).await;
            task.complete(Err(Error::new(Code::Timeout, "late")));
            fails(&inbox, "timeout").await;
        }
        assert_eq!(stage.guards.breaker().unwrap().state, State::Open);
    });
}

#[test]
fn a_cancelled_or_dropped_probe_makes_room_for_another() {
    on(with_breaker(json!({})), |stage| async move {
        stage.will((0..3).map(|_| Err(unavailable())));
        for _ in 0..3 {
            fails(&stage.put(""), "unavailable").await;
        }
        advance(Duration::from_secs(30)).await;
        for _ in 0..5 {
            stage.script.holds.store(true, Ordering::Relaxed);
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            stage.cancel(&ticket);
            fails(&inbox, "cancelled").await;
            drop(stage.script.held.lock().pop().unwrap());
            drop(stage.get_here(""));
        }
        stage.script.holds.store(false, Ordering::Relaxed);
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.guards.breaker().unwrap().state, State::Closed);
    });
}

#[test]
fn an_opening_breaker_ends_retries() {
    on(with_breaker(json!({"retry": {"max_retries": 10}})), |stage| async move {
        stage.will((0..20).map(|_| Err(unavailable())));
        fails(&stage.put(""), "unavailable").await;
        assert_eq!((stage.attempts(), stage.guards.breaker().unwrap().state), (3, State::Open));
    });
}

#[test]
fn failed_parts_of_a_batch_count() {
    on(with_breaker(json!({})), |stage| async move {
        stage.script.holds.store(true, Ordering::Relaxed);
        for failures in 1..=3 {
            let (_, inbox) = stage.start(Kind::Batch, r#"{"ops":[]}"#, None);
            let task = stage.script.held.lock().pop().unwrap();
            task.part_failed(&Error::invalid("x", "the caller's"));
            task.part_failed(&unavailable());
            task.complete(Ok(r#"{"results":[]}"#.into()));
            outcome(&inbox).await.unwrap();
            assert_eq!(stage.guards.breaker().unwrap().failures, failures, "the answer must not hide it");
        }
        assert_eq!(stage.guards.breaker().unwrap().state, State::Open);
    });
}

#[test]
fn answers_at_once_pass_breaker_and_retry() {
    on(with_breaker(json!({"retry": {"retry_delay": 1, "jitter": false}})), |stage| async move {
        stage.script.at_once.store(true, Ordering::Relaxed);
        stage.will((0..2).map(|_| Err(unavailable())));
        assert_eq!(stage.get_here("").unwrap().unwrap_err().code(), Code::Unavailable);
        assert_eq!(stage.guards.breaker().unwrap().failures, 1);
        // To be tried again it must be accepted: the failure is its first attempt.
        let body = r#"{"namespace":["n"],"key":"k","max_retries":1}"#;
        let mut request = stage.prepare(Kind::Get, body);
        assert!(stage.guards.immediate(&mut request).is_none());
        let (ticket, inbox) = stage.admit(&request, None);
        stage.guards.start_all(&mut vec![Task::new(ticket, request)]);
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
        assert_eq!((stage.attempts(), stage.pauses()[1]), (3, 1.0));
    });
}

#[test]
fn a_limit_refuses_with_the_time_to_come_again() {
    let limit = json!({"rate_limit": {"requests_per_minute": 60, "burst": 2,
        "operations": {"get": {"requests_per_minute": 6, "burst": 1}, "delete": {}}}});
    on(limit, |stage| async move {
        for _ in 0..2 {
            assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        }
        let error = fails(&stage.put(""), "rate_limited").await;
        assert_eq!(
            (&error["retry_after_ms"], &error["details"]),
            (&json!(1_000), &json!({"operation": "put", "requests_per_minute": 60}))
        );
        // Each operation has its own; `delete` has none.
        assert!(stage.get_here("").is_none());
        assert_eq!(stage.get_here("").unwrap().unwrap_err().code(), Code::RateLimited);
        for _ in 0..100 {
            let (_, inbox) = stage.start(Kind::Delete, r#"{"namespace":["n"],"key":"k"}"#, None);
            assert_eq!(outcome(&inbox).await, Ok(Json::Null));
        }
        sleep(Duration::from_millis(1_000)).await;
        assert_eq!(outcome(&stage.put("")).await, Ok(Json::Null));
        assert_eq!(stage.report().rate_limit.unwrap().refused, 2);
    });
}

#[test]
fn a_request_tried_here_and_then_accepted_pays_once() {
    on(json!({"rate_limit": {"requests_per_minute": 1}}), |stage| async move {
        let mut request = stage.prepare(Kind::Get, r#"{"namespace":["n"],"key":"k"}"#);
        assert!(stage.guards.immediate(&mut request).is_none());
        let (ticket, inbox) = stage.admit(&request, None);
        stage.guards.start_all(&mut vec![Task::new(ticket, request)]);
        assert_eq!(outcome(&inbox).await, Ok(Json::Null));
    });
}

fn waiting() -> Json {
    json!({"rate_limit": {"requests_per_minute": 60, "burst": 1, "on_limit": "wait"}})
}

#[test]
fn those_who_wait_come_in_order_at_the_rate() {
    on(waiting(), |stage| async move {
        let began = Instant::now();
        let all: Vec<_> = (0..5).map(|_| stage.put("")).collect();
        for (index, inbox) in all.iter().enumerate() {
            assert_eq!(outcome(inbox).await, Ok(Json::Null));
            let seconds = began.elapsed().as_millis() as usize / 1_000;
            assert_eq!(seconds, index);
            assert!(all[index + 1..].iter().all(|later| later.try_recv().is_err()));
        }
        let limit = stage.report().rate_limit.unwrap();
        assert_eq!((limit.waited, limit.waited_us / 1_000_000), (4, 1 + 2 + 3 + 4));
        // The line is empty: the next one goes at once when the bucket has a token.
        sleep(Duration::from_secs(2)).await;
        let again = stage.put("");
        assert_eq!(again.try_recv().unwrap(), Ok(Json::Null));
    });
}

#[test]
fn nobody_overtakes_the_line() {
    on(waiting(), |stage| async move {
        let line = [stage.put(""), stage.put(""), stage.put("")];
        // A token is there, but it belongs to the first in the line, who has not been called yet.
        advance(Duration::from_millis(1_000)).await;
        let late = stage.put("");
        for inbox in line.iter().chain([&late]) {
            assert_eq!(outcome(inbox).await, Ok(Json::Null));
        }
        assert_eq!(stage.attempts(), 4);
    });
}

#[test]
fn a_cancel_in_the_line_is_at_once_and_uses_no_token() {
    on(waiting(), |stage| async move {
        drop(stage.put(""));
        let (first, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
        let second = stage.put("");
        let began = Instant::now();
        stage.cancel(&first);
        fails(&inbox, "cancelled").await;
        assert_eq!(outcome(&second).await, Ok(Json::Null));
        assert_eq!(began.elapsed().as_secs(), 1, "the second has taken the first one's turn");
        assert_eq!(stage.attempts(), 2);
    });
}

#[test]
fn a_line_of_the_cancelled_does_not_grow() {
    on(json!({"rate_limit": {"requests_per_minute": 1, "on_limit": "wait"}}), |stage| async move {
        drop(stage.put(""));
        for _ in 0..10_000 {
            let (ticket, inbox) = stage.start(Kind::Put, &format!("{PUT}}}"), None);
            stage.cancel(&ticket);
            assert_eq!(inbox.try_recv().unwrap().unwrap_err()["code"], "cancelled");
            assert!(Arc::strong_count(&stage.desk) <= 200, "tickets are kept");
        }
    });
}

#[test]
fn close_ends_the_line() {
    on(waiting(), |stage| async move {
        let all: Vec<_> = (0..5).map(|_| stage.put("")).collect();
        assert_eq!(outcome(&all[0]).await, Ok(Json::Null));
        stage.guards.close();
        for inbox in &all[1..] {
            fails(inbox, "closed").await;
        }
        settle().await;
        assert_eq!(stage.attempts(), 1);
    });
}
