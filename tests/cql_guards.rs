//! The guards on a real cluster of one node that is killed and comes back: the circuit breaker opens, calls
//! meanwhile fail in microseconds, it probes, and closes when the node answers again; retries outlive a pause
//! of the node.
//!
//! The node is always one that `tests/cluster` starts for this test, since it is killed.
#![cfg(feature = "cql")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lgstore::op::client::{Client, Request};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde_json::{Value, json};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(240);

/// A node that ends with this process.
struct Node {
    folder: PathBuf,
}

impl Node {
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cql_guards");
        let node = Self { folder };
        // A write is in the node's log before it is acknowledged: a killed node comes back with what it promised.
        let log = ["--set", "commitlog_sync=batch", "--set", "commitlog_sync_period=0ms"];
        let owner = std::process::id().to_string();
        node.tool(&[&["up", "--owner", owner.as_str()][..], &log].concat());
        node
    }

    fn tool(&self, command: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh");
        let done = Command::new(script).args(command).arg("--dir").arg(&self.folder).output().expect("bash");
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    fn contact_points(&self) -> Vec<String> {
        let env = self.tool(&["env"]);
        let line = env.lines().find_map(|line| line.strip_prefix("LGSTORE_TEST_CONTACT_POINTS="));
        line.expect("contact points").trim_matches('\'').split(',').map(str::to_owned).collect()
    }
}

struct Store(Arc<Client>);

impl Store {
    fn new(node: &Node, options: Value) -> Self {
        let mut config = json!({
            "backend": "cql", "contact_points": node.contact_points(), "keyspace": "lgstore_guards",
            "timeout": 120, "schema": {"replication": {"factor": 1}}, "request_timeout": 1,
            "connect": {"deadline": 120, "max_backoff": 1},
        });
        config.as_object_mut().expect("an object").extend(options.as_object().expect("an object").clone());
        let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
        let config = Config::parse(&config.to_string()).expect("a configuration");
        Self(Client::new(runtime, config).expect("a store"))
    }

    fn call(&self, kind: Kind, body: &Value) -> Result<Value, Value> {
        let body = body.to_string();
        let request =
            Request { op: kind as u32, body: body.as_bytes(), allow_immediate: true, timeout: None, tag: 0 };
        let answer = self.0.call(&request).expect("a valid request");
        let json = serde_json::from_str(answer.json()).expect("JSON");
        if answer.status() == 0 { Ok(json) } else { Err(json) }
    }

    fn put(&self, number: u64) -> Result<Value, Value> {
        let body = json!({"namespace": ["guards"], "key": "k", "value": {"n": number}});
        self.call(Kind::Put, &body)
    }

    fn get(&self) -> Result<Value, Value> {
        self.call(Kind::Get, &json!({"namespace": ["guards"], "key": "k"}))
    }

    fn breaker(&self) -> Value {
        let metrics: Value = serde_json::from_str(&self.0.metrics_json(false)).expect("JSON");
        metrics["breakers"]["cql"].clone()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.0.close(Duration::from_secs(10));
    }
}

/// Asks until `done`, and gives the last answer.
fn until(
    what: &str,
    mut ask: impl FnMut() -> Result<Value, Value>,
    done: impl Fn(&Result<Value, Value>) -> bool,
) {
    let began = Instant::now();
    loop {
        let outcome = ask();
        if done(&outcome) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: {outcome:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is(outcome: &Result<Value, Value>, code: &str) -> bool {
    outcome.as_ref().is_err_and(|error| error["code"] == code)
}

#[test]
fn a_dead_cluster_opens_the_breaker_and_a_living_one_closes_it() {
    let node = Node::start();
    let store = Store::new(&node, json!({"breaker": {"timeout": 3}}));
    store.put(1).expect("acknowledged");
    assert_eq!(store.breaker()["state"], "CLOSED", "on a cluster there is one without being asked for");
    node.tool(&["kill", "1"]);

    until(
        "opens",
        || store.get(),
        |outcome| {
            is(outcome, "circuit_open") || {
                let error = outcome.as_ref().expect_err("the only node is dead");
                let code = error["code"].as_str().expect("a code");
                assert!(["unavailable", "timeout"].contains(&code), "{error}");
                false
            }
        },
    );
    assert_eq!(store.breaker()["failures"], 5);
    assert_eq!(store.breaker()["state"], "OPEN");

    let mut times: Vec<Duration> = Vec::new();
    while times.len() < 1_000 {
        let began = Instant::now();
        let outcome = if times.len().is_multiple_of(2) { store.get() } else { store.put(2) };
        // A probe every three seconds asks the dead node.
        if is(&outcome, "circuit_open") {
            times.push(began.elapsed());
        }
    }
    times.sort();
    println!("an open breaker answers in {:?} (half of them), {:?} (99 %)", times[500], times[990]);
    assert!(times[500] < Duration::from_micros(200), "{:?}", times[500]);

    until("probes", || store.get(), |_| store.breaker()["opened"].as_u64() > Some(1));
    node.tool(&["start", "1"]);
    until("closes", || store.get(), |_| store.breaker()["state"] == "CLOSED");
    let item = store.get().expect("an answer").to_string();
    assert!(item.contains(r#""n":1"#), "{item}");
    store.put(3).expect("acknowledged");

    retries_outlive_a_pause(&node);
}

/// A node that hangs longer than an attempt may take, and not longer than the retries.
fn retries_outlive_a_pause(node: &Node) {
    let store =
        Store::new(node, json!({"timeout": 60, "breaker": {"enabled": false}, "retry": {"jitter": false}}));
    store.put(4).expect("acknowledged");
    node.tool(&["pause", "1"]);
    std::thread::scope(|scope| {
        let put = scope.spawn(|| {
            let body = json!({"namespace": ["guards"], "key": "k", "value": {"n": 5},
                "max_retries": 20, "retry_delay": 0.5, "retry_backoff": 1});
            store.call(Kind::Put, &body)
        });
        until(
            "a retry",
            || Ok(Value::Null),
            |_| {
                let metrics: Value = serde_json::from_str(&store.0.metrics_json(false)).expect("JSON");
                metrics["retries"]["attempts"].as_u64() >= Some(1)
            },
        );
        node.tool(&["resume", "1"]);
        put.join().expect("no panic").expect("acknowledged at a later attempt");
    });
    let item = store.get().expect("an answer").to_string();
    assert!(item.contains(r#""n":5"#), "{item}");
}
