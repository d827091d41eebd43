//! Writes that follow from a seed, a thread's number and a counter, so that whoever knows how far a
//! thread came knows to the byte what its namespace must hold. Also used by the power loss test.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lgstore::op::client::{Client, Request};
use lgstore::runtime::Runtime;
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

/// Writing threads; each has a namespace of its own.
pub const THREADS: u64 = 4;
/// Puts of one logged batch.
const BATCH: u64 = 50;
/// Keys of single writes in a namespace.
const KEYS: u64 = 20;

/// Numbers that look random and follow from one.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// One request of the workload.
pub enum Write {
    Put(String, String),
    /// Over the version that is there, or if nothing is.
    CompareAndSet(String, String),
    Delete(String),
    /// All or nothing.
    Batch(Vec<(String, String)>),
}

/// What an item's answer says beside its text.
pub type Facts = (String, String, String);

/// What a namespace holds: texts by key.
pub type State = BTreeMap<String, String>;

pub fn write(seed: u64, thread: u64, number: u64) -> Write {
    let mut dice = Dice(seed ^ thread << 56 ^ number << 8);
    let key = format!("key {}", dice.roll(KEYS));
    let text = |index: u64, dice: &mut Dice| {
        let fill = "ü".repeat(dice.roll(300) as usize);
        format!("{{\"thread\":{thread}, \"number\":{number}, \"index\":{index}, \"fill\":\"{fill}\"}}")
    };
    match dice.roll(10) {
        0 => Write::Delete(key),
        1 => {
            Write::Batch((0..BATCH).map(|index| (format!("batch {index}"), text(index, &mut dice))).collect())
        }
        2..=4 => Write::CompareAndSet(key, text(0, &mut dice)),
        _ => Write::Put(key, text(0, &mut dice)),
    }
}

impl Write {
    pub fn apply(&self, state: &mut State) {
        match self {
            Write::Put(key, text) | Write::CompareAndSet(key, text) => {
                state.insert(key.clone(), text.clone());
            }
            Write::Delete(key) => drop(state.remove(key)),
            Write::Batch(all) => state.extend(all.iter().cloned()),
        }
    }

    /// The key of a write of one item.
    pub fn key(&self) -> Option<&str> {
        match self {
            Write::Put(key, _) | Write::CompareAndSet(key, _) => Some(key),
            Write::Delete(_) | Write::Batch(_) => None,
        }
    }

    /// Carries it out and waits until it is acknowledged; then looks at the item.
    fn carry_out(&self, store: &Store, thread: u64) -> Option<Facts> {
        let namespace = namespace(thread);
        let write = |kind, key: &str, text: &str, more: &str| {
            let body = json!({"namespace": namespace, "key": key}).to_string();
            let body = format!("{},\"value\":{text}{more}}}", body.trim_end_matches('}'));
            store.call(kind, &body)
        };
        match self {
            Write::Put(key, text) => drop(write(Kind::Put, key, text, "")),
            Write::Delete(key) => {
                let body = json!({"namespace": namespace, "key": key}).to_string();
                store.call(Kind::Delete, &body);
            }
            Write::CompareAndSet(key, text) => {
                let answer = match store.facts(thread, key) {
                    None => write(Kind::PutIfAbsent, key, text, ""),
                    Some((version, ..)) => {
                        write(Kind::CompareAndSet, key, text, &format!(",\"expected_version\":\"{version}\""))
                    }
                };
                let answer: Json = serde_json::from_str(&answer).expect("JSON");
                assert_eq!(answer["applied"], true, "only this thread writes {key}");
            }
            Write::Batch(all) => {
                let puts: Vec<String> = all
                    .iter()
                    .map(|(key, text)| {
                        let (namespace, key) = (json!(namespace), json!(key));
                        format!("{{\"op\":\"put\",\"namespace\":{namespace},\"key\":{key},\"value\":{text}}}")
                    })
                    .collect();
                let answer = store
                    .call(Kind::Batch, &format!("{{\"atomicity\":\"logged\",\"ops\":[{}]}}", puts.join(",")));
                assert!(!answer.contains("error"), "{answer}");
            }
        }
        self.key().map(|key| store.facts(thread, key).expect("what was just written"))
    }
}

pub fn namespace(thread: u64) -> Vec<String> {
    vec!["crash".to_owned(), format!("thread {thread}")]
}

/// A store that must not fail.
pub struct Store {
    client: Arc<Client>,
}

impl Store {
    /// `durability` is `full` or `normal`.
    pub fn open(path: &str, durability: &str) -> Store {
        let limits = json!({"logged_batch_bytes": 1_000_000});
        let config = json!({"path": path, "durability": durability, "limits": limits}).to_string();
        let runtime = Runtime::shared().expect("a runtime");
        let client = Client::new(runtime, Config::parse(&config).expect("a configuration"));
        let store = Store { client: client.expect("a store") };
        store.call(Kind::Open, "{}");
        store
    }

    pub fn call(&self, kind: Kind, body: &str) -> String {
        let request =
            Request { op: kind as u32, body: body.as_bytes(), allow_immediate: true, timeout: None, tag: 0 };
        let answer = self.client.call(&request).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(answer.status(), 0, "{} {body}: {}", kind.name(), answer.json());
        answer.json().to_owned()
    }

    pub fn close(&self) {
        self.client.close(Duration::from_secs(30)).expect("closed");
    }

    /// Version, created_at, updated_at.
    fn facts(&self, thread: u64, key: &str) -> Option<Facts> {
        let answer = self.call(Kind::Get, &json!({"namespace": namespace(thread), "key": key}).to_string());
        facts_of(&serde_json::from_str(&answer).expect("JSON"))
    }

    /// Everything in a thread's namespace.
    pub fn dump(&self, thread: u64) -> BTreeMap<String, (String, Facts)> {
        let body = json!({"namespace_prefix": namespace(thread), "limit": 100_000}).to_string();
        let answer = self.call(Kind::Search, &body);
        let found: BTreeMap<&str, Vec<&RawValue>> = serde_json::from_str(&answer).expect("items alone");
        let item = |raw: &&RawValue| {
            let members: BTreeMap<&str, &RawValue> = serde_json::from_str(raw.get()).expect("an item");
            let item: Json = serde_json::from_str(raw.get()).expect("an item");
            let key = item["key"].as_str().expect("a key").to_owned();
            (key, (members["value"].get().to_owned(), facts_of(&item).expect("facts")))
        };
        found["items"].iter().map(item).collect()
    }
}

fn facts_of(item: &Json) -> Option<Facts> {
    let text = |name: &str| Some(item.get(name)?.as_str()?.to_owned());
    Some((text("version")?, text("created_at")?, text("updated_at")?))
}

/// Writes with all threads from `starts` on, at most `count` each, and says on standard output what
/// was acknowledged: one line, written at once, per write.
pub fn run(path: &str, durability: &str, seed: u64, starts: &[u64], count: u64) {
    let store = Store::open(path, durability);
    // Whatever the test harness has begun to print ends here.
    std::io::stdout().write_all(b"\n").expect("a pipe");
    std::thread::scope(|scope| {
        for (thread, start) in (0..).zip(starts) {
            let store = &store;
            scope.spawn(move || {
                for number in *start..start.saturating_add(count) {
                    let facts = write(seed, thread, number).carry_out(store, thread);
                    let (version, created, updated) = facts.unwrap_or_default();
                    let line = format!("ack {thread} {number} {version} {created} {updated}\n");
                    std::io::stdout().write_all(line.as_bytes()).expect("a pipe");
                }
            });
        }
    });
    store.close();
}

/// A line of `run`: thread, number, facts.
pub fn parse_ack(line: &str) -> Option<(u64, u64, Option<Facts>)> {
    let mut words = line.strip_prefix("ack ")?.split(' ');
    let mut word = || words.next().map(str::to_owned);
    let (thread, number) = (word()?.parse().ok()?, word()?.parse().ok()?);
    let facts = (word()?, word()?, word()?);
    Some((thread, number, (!facts.0.is_empty()).then_some(facts)))
}
