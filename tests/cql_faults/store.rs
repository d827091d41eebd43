//! One store and its requests, each of which must have exactly one completion.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use lgstore::op::client::{Client, Request, Submitted};
use lgstore::op::completion::{Answer, Completion, Receiver, Sink};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde_json::{Value, json};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open store.
pub struct Store {
    client: Arc<Client>,
    /// Where second completions would come.
    done: Mutex<Vec<mpsc::Receiver<Arc<Answer>>>>,
}

/// A request on its way.
pub struct Pending {
    what: String,
    completions: mpsc::Receiver<Arc<Answer>>,
    begun: Instant,
}

/// What came of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The answer, or the error document.
    pub said: Result<Value, Value>,
    pub took: Duration,
}

struct Handover(mpsc::Sender<Arc<Answer>>);

impl Receiver for Handover {
    fn receive(&self, completion: Completion) {
        let _ = self.0.send(completion.into_answer());
    }
}

impl Store {
    /// Opens a store; panics if it can't be opened.
    pub fn open(config: &Value) -> Self {
        let store = Self::closed(config);
        store.ask("open", &json!({}));
        store
    }

    /// A store that opens with its first request.
    pub fn closed(config: &Value) -> Self {
        let config = Config::parse(&config.to_string()).expect("a configuration");
        let options = RuntimeOptions { worker_threads: 2, ..RuntimeOptions::default() };
        let runtime = Runtime::new(options).expect("a runtime");
        let client = Client::new(runtime, config).expect("a store");
        Self { client, done: Mutex::default() }
    }

    /// Sends a request with a deadline of its own.
    pub fn start_within(&self, op: &str, body: &Value, timeout: Duration) -> Pending {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == op).expect("a known operation");
        let text = body.to_string();
        let (sender, completions) = mpsc::channel();
        let request = Request {
            op: kind as u32,
            body: text.as_bytes(),
            allow_immediate: false,
            timeout: Some(timeout),
            tag: 0,
        };
        let begun = Instant::now();
        let sink = || Sink::Receiver(Arc::new(Handover(sender.clone())));
        match self.client.submit(&request, &sink) {
            Ok(Submitted::Accepted(_)) => {}
            other => panic!("{op} {body}: {other:?}"),
        }
        Pending { what: format!("{op} {body}"), completions, begun }
    }

    /// Sends a request whose deadline is far away.
    pub fn start(&self, op: &str, body: &Value) -> Pending {
        self.start_within(op, body, PATIENCE)
    }

    /// Waits for what comes of it.
    pub fn finish(&self, pending: Pending) -> Outcome {
        let answer = pending.completions.recv_timeout(PATIENCE * 2);
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", pending.what));
        let took = pending.begun.elapsed();
        let document: Value = serde_json::from_str(answer.json()).expect("a JSON document");
        self.done.lock().unwrap().push(pending.completions);
        let said = if answer.code().is_none() { Ok(document) } else { Err(document) };
        Outcome { said, took }
    }

    /// The answer of a request that must succeed.
    pub fn ask(&self, op: &str, body: &Value) -> Value {
        let outcome = self.finish(self.start(op, body));
        outcome.said.unwrap_or_else(|error| panic!("{op} {body}: {error}"))
    }

    /// The error of a request that must fail.
    pub fn refused(&self, op: &str, body: &Value) -> Value {
        match self.finish(self.start(op, body)).said {
            Ok(answer) => panic!("{op} {body} was answered: {answer}"),
            Err(error) => error,
        }
    }

    pub fn put(&self, place: &str, key: &str, number: i64) {
        self.ask("put", &put(place, key, number));
    }

    /// The number that `put` has put; `None` = there is no item.
    pub fn number(&self, place: &str, key: &str) -> Option<i64> {
        self.ask("get", &get(place, key))["value"]["n"].as_i64()
    }

    pub fn metrics(&self) -> Value {
        serde_json::from_str(&self.client.metrics_json(false)).expect("a JSON document")
    }

    pub fn counter(&self, name: &str) -> u64 {
        let metrics = self.metrics();
        metrics["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name} in {metrics}"))
    }

    /// How many operations have failed with this code.
    pub fn errors(&self, code: &str) -> u64 {
        self.metrics()["errors"][code].as_u64().unwrap_or(0)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let closed = self.client.close(Duration::from_secs(30));
        if std::thread::panicking() {
            return;
        }
        closed.expect("closed");
        for completions in self.done.get_mut().unwrap() {
            // Close has waited until everything was delivered.
            assert!(completions.try_recv().is_err(), "a second completion");
        }
    }
}

/// The request that puts `{"n": number}`. A place is one label below "faults".
pub fn put(place: &str, key: &str, number: i64) -> Value {
    json!({"namespace": ["faults", place], "key": key, "value": {"n": number}})
}

/// The request that names one item.
pub fn get(place: &str, key: &str) -> Value {
    json!({"namespace": ["faults", place], "key": key})
}

/// Waits until `done`, with a limit that only a fault reaches.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
