//! Plain and conditional writes on the same keys of a real cluster: nothing that was acknowledged is lost.
//!
//! A Paxos ballot ticks in milliseconds, a plain write's time in microseconds. Without the rules of
//! `src/backend/cql/times.rs` several of a hundred of these rounds lose a write that was answered `applied`.
//! `LGSTORE_TEST_ROUNDS` sets the rounds of each pair (default 1,000).

mod cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lgstore::op::client::{Client, Request};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde_json::{Value, json};

/// Callers that work on keys of their own at the same time.
const CALLERS: usize = 48;
/// Callers that meanwhile work against each other on another partition: they keep the cluster's threads busy, so
/// that rounds on ours stay half done for long enough to be found and finished by others.
const CONTENDERS: usize = 8;

/// A store in a keyspace of its own. A slow machine must not make outcomes unknown: these tests are about
/// the known ones.
struct Store {
    client: Arc<Client>,
    _keyspace: cluster::Keyspace<'static>,
}

impl Store {
    fn open(name: &str, more: Value) -> Self {
        let keyspace = cluster::plain().keyspace(name);
        let mut config = keyspace.config();
        let patient = json!({"request_timeout": 20});
        for options in [patient, more] {
            config.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        }
        let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
        let config = Config::parse(&config.to_string()).expect("a configuration");
        let client = Client::new(runtime, config).expect("a store");
        Self { client, _keyspace: keyspace }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.client.close(Duration::from_secs(20));
    }
}

struct Caller<'c> {
    client: &'c Arc<Client>,
    key: String,
}

impl Caller<'_> {
    fn call(&self, kind: Kind, more: Value) -> Value {
        let mut body = json!({"namespace": ["races"], "key": self.key});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send(kind, &body)
    }

    fn send(&self, kind: Kind, body: &Value) -> Value {
        let body = body.to_string();
        let request =
            Request { op: kind as u32, body: body.as_bytes(), allow_immediate: false, timeout: None, tag: 0 };
        let answer = self.client.call(&request).expect("accepted");
        assert!(answer.code().is_none(), "{kind:?} {body}: {}", answer.json());
        serde_json::from_str(answer.json()).unwrap()
    }

    fn put(&self, value: Value) {
        self.call(Kind::Put, json!({"value": value}));
    }

    /// The same as an operation of a batch.
    fn put_in_batch(&self, value: Value) {
        let put = json!({"op": "put", "namespace": ["races"], "key": self.key, "value": value});
        let answer = self.send(Kind::Batch, &json!({"ops": [put]}));
        assert_eq!(answer, json!({"results": [{"result": null}]}));
    }

    fn delete(&self) {
        self.call(Kind::Delete, json!({}));
    }

    /// The stored value, or null.
    fn value(&self) -> Value {
        self.call(Kind::Get, json!({}))["value"].clone()
    }

    fn applied(&self, kind: Kind, more: Value) {
        let answer = self.call(kind, more.clone());
        assert_eq!(answer["applied"], true, "{kind:?} {more} on {}: {answer}", self.key);
    }
}

/// Puts `n`, then does something conditional, and says what must be stored then.
type Pair = fn(&Caller<'_>, usize) -> Value;

const PAIRS: [(&str, Pair); 9] = [
    ("put, compare_and_set by value", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::CompareAndSet, json!({"expected_value": {"n": n}, "value": {"m": n}}));
        json!({"m": n})
    }),
    ("put in a batch, compare_and_set by value", |caller, n| {
        caller.put_in_batch(json!({"n": n}));
        caller.applied(Kind::CompareAndSet, json!({"expected_value": {"n": n}, "value": {"m": n}}));
        json!({"m": n})
    }),
    ("put, compare_and_set by version", |caller, n| {
        caller.put(json!({"n": n}));
        let version = caller.call(Kind::Get, json!({}))["version"].clone();
        caller.applied(Kind::CompareAndSet, json!({"expected_version": version, "value": {"m": n}}));
        json!({"m": n})
    }),
    ("put, update_if_exists", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}));
        json!({"m": n})
    }),
    ("put, delete_if_exists", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::DeleteIfExists, json!({}));
        Value::Null
    }),
    ("put, delete_if_value", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::DeleteIfValue, json!({"expected_value": {"n": n}}));
        Value::Null
    }),
    ("put, delete, put_if_absent", |caller, n| {
        caller.put(json!({"n": n}));
        caller.delete();
        caller.applied(Kind::PutIfAbsent, json!({"value": {"m": n}}));
        json!({"m": n})
    }),
    ("update_if_exists, put", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}));
        caller.put(json!({"o": n}));
        json!({"o": n})
    }),
    ("update_if_exists, delete", |caller, n| {
        caller.put(json!({"n": n}));
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}));
        caller.delete();
        Value::Null
    }),
];

/// All keys share a partition, and so a Paxos state. Without `src/backend/cql/unsettled.rs` one CAS of a thousand
/// loses the put before it to an older write.
#[test]
fn plain_and_conditional_writes_lose_nothing() {
    let rounds = std::env::var("LGSTORE_TEST_ROUNDS").map_or(1_000, |text| text.parse().expect("a number"));
    let (store, busy) = (Store::open("races", json!({})), Store::open("contended", json!({})));
    for (name, pair) in PAIRS {
        let (next, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let (next, lost, client) = (&next, &lost, &store.client);
            for member in 0..CONTENDERS {
                let caller = Caller { client: &busy.client, key: name.into() };
                scope.spawn(move || count(&caller, member, |_| next.load(Ordering::Relaxed) >= rounds));
            }
            for caller in 0..CALLERS {
                scope.spawn(move || {
                    let caller = Caller { client, key: format!("{name} {caller}") };
                    loop {
                        let round = next.fetch_add(1, Ordering::Relaxed);
                        if round >= rounds {
                            break;
                        }
                        if pair(&caller, round) != caller.value() {
                            lost.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let lost = lost.into_inner();
        println!("{name}: {lost} of {rounds} rounds lost a write");
        assert_eq!(lost, 0, "{name}: acknowledged writes were lost");
    }
}

/// Counts in a member of its own by compare_and_set, against others, until it is `over`.
fn count(caller: &Caller<'_>, client: usize, over: impl Fn(usize) -> bool) {
    let mut done = 0;
    while !over(done) {
        let item = caller.call(Kind::Get, json!({}));
        if item.is_null() {
            caller.call(Kind::PutIfAbsent, json!({"value": {}}));
            continue;
        }
        let mut value = item["value"].clone();
        value[format!("c{client}")] = json!(done + 1);
        let more = json!({"expected_version": item["version"], "value": value});
        let answer = caller.call(Kind::CompareAndSet, more);
        done += usize::from(answer["applied"] == true);
    }
}

/// Each client counts in a member of its own, so that the sum of what was acknowledged is known exactly.
#[test]
fn counters_by_compare_and_set_end_exactly_right() {
    const CLIENTS: usize = 8;
    const STEPS: usize = 40;
    let store = Store::open("counters", json!({}));
    let caller = Caller { client: &store.client, key: "counter".into() };
    caller.put(json!({}));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let caller = Caller { client: &store.client, key: "counter".into() };
            scope.spawn(move || count(&caller, client, |done| done >= STEPS));
        }
    });
    let value = caller.value();
    for client in 0..CLIENTS {
        assert_eq!(value[format!("c{client}")], json!(STEPS), "{value}");
    }
}

/// A refresh rewrites the row as it was read. It must lose to every put that came after that read, and must
/// not bring back what was deleted, however late it arrives.
#[test]
fn refreshes_lose_no_write() {
    const KEYS: usize = 16;
    const ROUNDS: usize = 60;
    let store = Store::open("refresh", json!({"ttl": {"refresh_slack": 0, "refresh_on_read": true}}));
    thread::scope(|scope| {
        for key in 0..KEYS {
            let caller = Caller { client: &store.client, key: format!("k{key}") };
            let reading = Caller { client: &store.client, key: caller.key.clone() };
            let over = Arc::new(AtomicUsize::new(0));
            let seen = Arc::clone(&over);
            scope.spawn(move || {
                while seen.load(Ordering::Relaxed) == 0 {
                    reading.value();
                }
            });
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    caller.call(Kind::Put, json!({"value": {"n": round}, "ttl": 60}));
                    assert_eq!(
                        caller.value(),
                        json!({"n": round}),
                        "{}: an older value came back",
                        caller.key
                    );
                    if round % 3 == 0 {
                        caller.delete();
                        assert_eq!(caller.value(), Value::Null, "{}: a deleted item came back", caller.key);
                    }
                }
                over.store(1, Ordering::Relaxed);
            });
        }
    });
    // Refreshes that were on their way have a second to be sent, and a moment to arrive.
    thread::sleep(Duration::from_millis(1_500));
    for key in 0..KEYS {
        let caller = Caller { client: &store.client, key: format!("k{key}") };
        assert_eq!(caller.value(), json!({"n": ROUNDS - 1}), "{}", caller.key);
    }
}
