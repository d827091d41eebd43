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

use lgstore::error::Code;
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

/// A store in a keyspace of its own.
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

/// The cluster did not say in time what became of a request: what the round shows then proves nothing. These tests are
/// about what was answered; a busy machine must leave some.
#[derive(Debug)]
struct Undecided;
type Decided<T> = Result<T, Undecided>;

struct Caller<'c> {
    client: &'c Arc<Client>,
    key: String,
}

impl Caller<'_> {
    fn call(&self, kind: Kind, more: Value) -> Decided<Value> {
        let mut body = json!({"namespace": ["races"], "key": self.key});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send(kind, &body)
    }

    fn send(&self, kind: Kind, body: &Value) -> Decided<Value> {
        let body = body.to_string();
        let request =
            Request { op: kind as u32, body: body.as_bytes(), allow_immediate: false, timeout: None, tag: 0 };
        let answer = self.client.call(&request).expect("accepted");
        match answer.code() {
            None => Ok(serde_json::from_str(answer.json()).unwrap()),
            Some(Code::UnknownOutcome | Code::Timeout) => Err(Undecided),
            Some(_) => panic!("{kind:?} {body}: {}", answer.json()),
        }
    }

    fn put(&self, value: Value) -> Decided<()> {
        self.call(Kind::Put, json!({"value": value})).map(drop)
    }

    /// The same as an operation of a batch.
    fn put_in_batch(&self, value: Value) -> Decided<()> {
        let put = json!({"op": "put", "namespace": ["races"], "key": self.key, "value": value});
        let answer = self.send(Kind::Batch, &json!({"ops": [put]}))?;
        match answer["results"][0]["error"]["code"].as_str() {
            None => assert_eq!(answer, json!({"results": [{"result": null}]})),
            Some("unknown_outcome" | "timeout") => return Err(Undecided),
            Some(_) => panic!("{answer}"),
        }
        Ok(())
    }

    fn delete(&self) -> Decided<()> {
        self.call(Kind::Delete, json!({})).map(drop)
    }

    /// The stored value, or null.
    fn value(&self) -> Decided<Value> {
        Ok(self.call(Kind::Get, json!({}))?["value"].clone())
    }

    fn applied(&self, kind: Kind, more: Value) -> Decided<()> {
        let answer = self.call(kind, more.clone())?;
        assert_eq!(answer["applied"], true, "{kind:?} {more} on {}: {answer}", self.key);
        Ok(())
    }
}

/// Puts `n`, then does something conditional, and says what must be stored then.
type Pair = fn(&Caller<'_>, usize) -> Decided<Value>;

const PAIRS: [(&str, Pair); 9] = [
    ("put, compare_and_set by value", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::CompareAndSet, json!({"expected_value": {"n": n}, "value": {"m": n}}))?;
        Ok(json!({"m": n}))
    }),
    ("put in a batch, compare_and_set by value", |caller, n| {
        caller.put_in_batch(json!({"n": n}))?;
        caller.applied(Kind::CompareAndSet, json!({"expected_value": {"n": n}, "value": {"m": n}}))?;
        Ok(json!({"m": n}))
    }),
    ("put, compare_and_set by version", |caller, n| {
        caller.put(json!({"n": n}))?;
        let version = caller.call(Kind::Get, json!({}))?["version"].clone();
        caller.applied(Kind::CompareAndSet, json!({"expected_version": version, "value": {"m": n}}))?;
        Ok(json!({"m": n}))
    }),
    ("put, update_if_exists", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}))?;
        Ok(json!({"m": n}))
    }),
    ("put, delete_if_exists", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::DeleteIfExists, json!({}))?;
        Ok(Value::Null)
    }),
    ("put, delete_if_value", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::DeleteIfValue, json!({"expected_value": {"n": n}}))?;
        Ok(Value::Null)
    }),
    ("put, delete, put_if_absent", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.delete()?;
        caller.applied(Kind::PutIfAbsent, json!({"value": {"m": n}}))?;
        Ok(json!({"m": n}))
    }),
    ("update_if_exists, put", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}))?;
        caller.put(json!({"o": n}))?;
        Ok(json!({"o": n}))
    }),
    ("update_if_exists, delete", |caller, n| {
        caller.put(json!({"n": n}))?;
        caller.applied(Kind::UpdateIfExists, json!({"value": {"m": n}}))?;
        caller.delete()?;
        Ok(Value::Null)
    }),
];

/// All keys share a partition, and so a Paxos state. Without `src/backend/cql/unsettled.rs` one CAS of a thousand
/// loses the put before it to an older write.
#[test]
fn plain_and_conditional_writes_lose_nothing() {
    let rounds = std::env::var("LGSTORE_TEST_ROUNDS").map_or(1_000, |text| text.parse().expect("a number"));
    let (store, busy) = (Store::open("races", json!({})), Store::open("contended", json!({})));
    for (name, pair) in PAIRS {
        let [next, decided, undecided, lost] = [const { AtomicUsize::new(0) }; 4];
        thread::scope(|scope| {
            let (next, decided, undecided, lost) = (&next, &decided, &undecided, &lost);
            let over = || {
                decided.load(Ordering::Relaxed) >= rounds || undecided.load(Ordering::Relaxed) > rounds / 20
            };
            for member in 0..CONTENDERS {
                let caller = Caller { client: &busy.client, key: name.into() };
                scope.spawn(move || count(&caller, member, |_| over()));
            }
            for caller in 0..CALLERS {
                let client = &store.client;
                scope.spawn(move || {
                    let caller = Caller { client, key: format!("{name} {caller}") };
                    while !over() {
                        let round = next.fetch_add(1, Ordering::Relaxed);
                        let outcome = pair(&caller, round).and_then(|wanted| Ok(wanted == caller.value()?));
                        match outcome {
                            Ok(is_there) => {
                                decided.fetch_add(1, Ordering::Relaxed);
                                lost.fetch_add(usize::from(!is_there), Ordering::Relaxed);
                            }
                            Err(Undecided) => drop(undecided.fetch_add(1, Ordering::Relaxed)),
                        }
                    }
                });
            }
        });
        let [decided, undecided, lost] = [decided, undecided, lost].map(AtomicUsize::into_inner);
        println!("{name}: {lost} of {decided} rounds lost a write, {undecided} undecided");
        assert_eq!(lost, 0, "{name}: acknowledged writes were lost");
        assert!(decided >= rounds, "{name}: the cluster left {undecided} rounds undecided");
    }
}

/// Counts in a member of its own by compare_and_set, against others, until it is `over`.
///
/// An increment of unknown outcome names the version that it has read, as every further one does, and whatever is
/// applied changes the version: so one of them is applied at most, and the item's own count tells whether one was.
fn count(caller: &Caller<'_>, client: usize, over: impl Fn(usize) -> bool) {
    let (member, mut done, mut in_doubt) = (format!("c{client}"), 0, false);
    while in_doubt || !over(done) {
        let Ok(item) = caller.call(Kind::Get, json!({})) else { continue };
        if item.is_null() {
            let _ = caller.call(Kind::PutIfAbsent, json!({"value": {}}));
            continue;
        }
        let mut value = item["value"].clone();
        let wanted = json!(done + 1);
        let outcome = if value[&member] == wanted {
            Ok(true)
        } else {
            value[&member] = wanted;
            let more = json!({"expected_version": item["version"], "value": value});
            caller.call(Kind::CompareAndSet, more).map(|answer| answer["applied"] == true)
        };
        match outcome {
            Ok(true) => (done, in_doubt) = (done + 1, false),
            Ok(false) => {}
            Err(Undecided) => in_doubt = true,
        }
    }
}

/// Each client counts in a member of its own, so that the sum of what was acknowledged is known exactly.
#[test]
fn counters_by_compare_and_set_end_exactly_right() {
    const CLIENTS: usize = 8;
    const STEPS: usize = 40;
    let store = Store::open("counters", json!({}));
    let caller = Caller { client: &store.client, key: "counter".into() };
    caller.put(json!({})).expect("an answer");
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let caller = Caller { client: &store.client, key: "counter".into() };
            scope.spawn(move || count(&caller, client, |done| done >= STEPS));
        }
    });
    let value = caller.value().expect("an answer");
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
                    let _ = reading.value();
                }
            });
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    caller.call(Kind::Put, json!({"value": {"n": round}, "ttl": 60})).expect("an answer");
                    assert_eq!(
                        caller.value().expect("an answer"),
                        json!({"n": round}),
                        "{}: an older value came back",
                        caller.key
                    );
                    if round % 3 == 0 {
                        caller.delete().expect("an answer");
                        assert_eq!(
                            caller.value().expect("an answer"),
                            Value::Null,
                            "{}: a deleted item came back",
                            caller.key
                        );
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
        assert_eq!(caller.value().expect("an answer"), json!({"n": ROUNDS - 1}), "{}", caller.key);
    }
}
