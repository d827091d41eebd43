//! The guards together, on a backend whose outcomes the test decides. Tokio's clock stands still and
//! jumps to the next timer whenever all wait, so pauses and windows are exact and take no time.

mod breaker;
mod limit;
mod retry;

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
