//! The cluster beside the embedded store: the same operations, made up from a seed, on both; every answer
//! must agree but for times, versions and cursors, which must agree in what they tell apart.
//!
//! Operations run in worlds, each below a root label of its own and in order; worlds run side by side, so that
//! many requests are in flight. `LGSTORE_DIFFERENTIAL` is the number of operations (default 10,000),
//! `LGSTORE_SEED` the seed.
#![cfg(feature = "cql")]
#![allow(missing_docs)]

#[path = "../cluster/mod.rs"]
mod cluster;
mod compare;
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lgstore::op::client::{Client, Request};
use lgstore::runtime::{Runtime, RuntimeOptions};
use lgstore::store::config::Config;
use lgstore::store::operation::Kind;
use serde_json::{Value, json};

use compare::Known;
use steps::{Random, Step};

/// Operations of one world: long enough for deletes to meet what was written, short enough for many worlds.
const WORLD: u64 = 250;
/// Worlds side by side.
const ABREAST: usize = 48;
/// Steps before a difference that are shown with it.
const SHOWN: usize = 12;

#[test]
fn the_cluster_answers_like_the_embedded_store() {
    let number = |name: &str, otherwise| {
        let text = std::env::var(name).ok();
        text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
    };
    let (operations, seed) = (number("LGSTORE_DIFFERENTIAL", 10_000), number("LGSTORE_SEED", 1));
    let keyspace = cluster::plain().keyspace("differential");
    let runtime = Runtime::new(RuntimeOptions::default()).expect("a runtime");
    let open = |config: &Value| {
        let config = Config::parse(&config.to_string()).expect("a configuration");
        Client::new(Arc::clone(&runtime), config).expect("a store")
    };
    let (embedded, cql) = (open(&json!({"backend": "embedded"})), open(&keyspace.config()));
    let began = Instant::now();
    let (next, done, failure) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(None));
    let kinds = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while failure.lock().unwrap().is_none() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number * WORLD >= operations {
                        break;
                    }
                    let steps = WORLD.min(operations - number * WORLD);
                    let mut world = World::new(&embedded, &cql, seed, number);
                    let outcome = (0..steps).try_for_each(|_| world.step());
                    done.fetch_add(world.done, Ordering::Relaxed);
                    let mut all = kinds.lock().unwrap();
                    world.kinds.into_iter().for_each(|(kind, count)| *all.entry(kind).or_insert(0) += count);
                    if let Err(why) = outcome {
                        failure.lock().unwrap().get_or_insert(why);
                    }
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let done = done.into_inner();
    println!("seed {seed}: {done} operations in {seconds:.1} s, {:?}", kinds.into_inner().unwrap());
    embedded.close(Duration::from_secs(10)).expect("closed");
    cql.close(Duration::from_secs(10)).expect("closed");
    if let Some(why) = failure.into_inner().unwrap() {
        panic!("LGSTORE_SEED={seed}: {why}");
    }
    assert!(done >= operations, "{done} operations, not {operations}");
}

/// One root label and what happens below it, in order.
struct World<'c> {
    embedded: &'c Arc<Client>,
    cql: &'c Arc<Client>,
    random: Random,
    root: String,
    number: u64,
    done: u64,
    kinds: BTreeMap<&'static str, u64>,
    known: Known,
    history: VecDeque<String>,
}

impl<'c> World<'c> {
    fn new(embedded: &'c Arc<Client>, cql: &'c Arc<Client>, seed: u64, number: u64) -> Self {
        Self {
            embedded,
            cql,
            random: Random::new(seed, number),
            root: format!("w{number}"),
            number,
            done: 0,
            kinds: BTreeMap::new(),
            known: Known::default(),
            history: VecDeque::new(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let step = steps::next(&mut self.random, &self.root, &self.known);
        let body = step.body.to_string();
        let outcome =
            if step.pages { self.pages(&step) } else { self.once(step.kind, &body, None).map(drop) };
        outcome.map_err(|why| {
            let history: Vec<_> = self.history.iter().map(String::as_str).collect();
            let (number, done) = (self.number, self.done);
            format!("world {number}, after {done} operations: {why}\nthe last ones:\n{}", history.join("\n"))
        })
    }

    /// The same request on both; the cluster's body differs in its cursor and in versions.
    fn once(&mut self, kind: Kind, body: &str, cql_body: Option<&str>) -> Result<(Value, Value), String> {
        if self.history.len() == SHOWN {
            self.history.pop_front();
        }
        self.history.push_back(format!("    {} {body}", kind.name()));
        *self.kinds.entry(kind.name()).or_insert(0) += 1;
        let cql_body = cql_body.map_or_else(|| self.known.of_cluster(body), str::to_owned);
        let answers = (call(self.embedded, kind, body), call(self.cql, kind, &cql_body));
        self.done += 1;
        match answers {
            (Ok(embedded), Ok(cql)) => {
                let same = self.known.same(&embedded, &cql, "answer");
                same.map_err(|why| format!("{why}\nembedded: {embedded}\ncql: {cql}"))?;
                Ok((embedded, cql))
            }
            (Err(embedded), Err(cql)) => {
                let meaning = |error: &Value| (error["code"].clone(), error.get("field").cloned());
                if meaning(&embedded) == meaning(&cql) {
                    return Ok((Value::Null, Value::Null));
                }
                Err(format!("other errors\nembedded: {embedded}\ncql: {cql}"))
            }
            (embedded, cql) => Err(format!("answer and error\nembedded: {embedded:?}\ncql: {cql:?}")),
        }
    }

    /// Every page, each store by its own cursors.
    fn pages(&mut self, step: &Step) -> Result<(), String> {
        let (mut embedded_body, mut cql_body) = (step.body.clone(), step.body.clone());
        loop {
            let (embedded, cql) =
                self.once(step.kind, &embedded_body.to_string(), Some(&cql_body.to_string()))?;
            match (embedded.get("cursor"), cql.get("cursor")) {
                (Some(a), Some(b)) => {
                    embedded_body["cursor"] = a.clone();
                    cql_body["cursor"] = b.clone();
                }
                _ => return Ok(()), // one without the other is a difference that `same` sees
            }
        }
    }
}

fn call(client: &Arc<Client>, kind: Kind, body: &str) -> Result<Value, Value> {
    let request =
        Request { op: kind as u32, body: body.as_bytes(), allow_immediate: true, timeout: None, tag: 0 };
    let parse = |text: &str| serde_json::from_str(text).expect("JSON");
    match client.call(&request) {
        Ok(answer) if answer.code().is_none() => Ok(parse(answer.json())),
        Ok(answer) => Err(parse(answer.json())),
        Err(refused) => Err(parse(&refused.to_json())),
    }
}
