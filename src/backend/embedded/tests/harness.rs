//! Runs operations on an engine synchronously and at a time of the test's choosing.

use std::sync::Arc;

use crate::lock::Mutex;
use serde_json::Value as Json;

use crate::backend::embedded::batch::{apply_open, read_reads};
use crate::backend::embedded::chunked::{Chunk, delete_chunk, sweep_chunk};
use crate::backend::embedded::engine::{Engine, Job, Transaction};
use crate::backend::embedded::read::{Halt, Reading, read};
use crate::backend::embedded::refresh::Due;
use crate::backend::embedded::write::apply;
use crate::error::{Code, Error, Result};
use crate::store::address::{Address, Namespace};
use crate::store::answers::{answer_overwritten, document};
use crate::store::operation::*;
use crate::store::order::{Order, Position};

/// A time to begin at, microseconds.
pub const START: i64 = 1_700_000_000_000_000;
/// A second in microseconds.
pub const SECOND: i64 = 1_000_000;

/// An engine and the test's time.
pub struct Harness<E: Engine> {
    pub engine: E,
    pub now: i64,
}

type Slot<T> = Arc<Mutex<Option<(Option<T>, Result<()>)>>>;

/// A job from a closure.
struct Closure<F, T> {
    run: F,
    value: Option<T>,
    slot: Slot<T>,
}

impl<F, T> Job for Closure<F, T>
where
    F: FnMut(&mut dyn Transaction) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.value = Some((self.run)(transaction)?);
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        *self.slot.lock() = Some((self.value, committed));
    }
}

impl<E: Engine> Harness<E> {
    pub fn new(engine: E) -> Self {
        engine.open().unwrap();
        Self { engine, now: START }
    }

    /// Runs `work` in a transaction and waits for the commit.
    pub fn transact<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Transaction) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let slot: Slot<T> = Arc::default();
        self.engine.submit(Box::new(Closure { run: work, value: None, slot: slot.clone() }));
        loop {
            if let Some((value, committed)) = slot.lock().take() {
                return committed.map(|()| value.expect("a committed job has run"));
            }
            assert!(Arc::strong_count(&slot) > 1, "the job was dropped");
            std::thread::yield_now();
        }
    }

    /// A read within `budget`; also the refreshes it made due.
    pub fn read_within(&self, operation: &Operation, budget: Option<usize>) -> (Result<String>, Vec<Due>) {
        let mut view = self.engine.view(true).unwrap().unwrap();
        let mut reading = Reading::new(self.now, 0.0, budget, &|| false);
        let answer = read(&mut view, operation, &mut reading).map_err(|halt| match halt {
            Halt::Failed(error) => error,
            other => Error::new(Code::Busy, format!("{other:?}")),
        });
        (answer, reading.due)
    }

    pub fn read(&self, operation: Operation) -> Json {
        let bounded = self.read_within(&operation, Some(1_000_000)).0.unwrap();
        let free = self.read_within(&operation, None).0.unwrap();
        assert_eq!(bounded, free, "bounded and unbounded reads agree");
        serde_json::from_str(&free).unwrap()
    }

    pub fn write(&self, operation: Operation) -> Json {
        let now = self.now;
        let answer = self.transact(move |transaction| apply(transaction, &operation, now)).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    pub fn batch(&self, batch: Batch) -> Json {
        let now = self.now;
        let answer = self.transact(move |transaction| {
            let mut reading = Reading::new(now, 0.0, None, &|| false);
            let mut answers: Vec<_> = vec![None; batch.operations.len()];
            if batch.mode == Mode::Snapshot {
                let view: &mut dyn crate::backend::embedded::engine::View = &mut *transaction;
                answers = read_reads(view, &batch, &mut reading).expect("no budget");
                answer_overwritten(&batch, &mut answers);
            }
            for (index, answer) in
                apply_open(transaction, &batch, &answers, &mut reading).map_err(|(_, error)| error)?
            {
                answers[index] = Some(answer);
            }
            Ok(document(answers))
        });
        serde_json::from_str(&answer.unwrap()).unwrap()
    }

    pub fn delete_chunk(&self, scope: Scope, after: Option<Position>) -> Chunk {
        let now = self.now;
        self.transact(move |transaction| delete_chunk(transaction, &scope, after.as_ref(), now)).unwrap()
    }

    pub fn sweep(&self) -> usize {
        let now = self.now;
        self.transact(move |transaction| sweep_chunk(transaction, now)).unwrap().removed
    }

    pub fn refresh(&self, due: Vec<Due>) {
        let now = self.now;
        self.transact(move |transaction| due.iter().try_for_each(|due| due.apply(transaction, now))).unwrap();
    }

    pub fn get(&self, namespace: &str, key: &str) -> Json {
        self.read(get(namespace, key, false))
    }

    pub fn put(&self, namespace: &str, key: &str, value: &str) {
        self.write(put(namespace, key, value, None));
    }
}

/// An address; labels are separated by `/` here.
pub fn address(namespace: &str, key: &str) -> Address {
    Address::new(&namespace.replace('/', "\0"), key)
}

pub fn value(text: &str) -> Value {
    Value { text: Box::from(text), duplicates: false }
}

pub fn put(namespace: &str, key: &str, text: &str, ttl_us: Option<i64>) -> Operation {
    Operation::Put(Put { address: address(namespace, key), value: value(text), ttl_us })
}

pub fn get(namespace: &str, key: &str, refresh: bool) -> Operation {
    Operation::Get(Get { address: address(namespace, key), refresh })
}

pub fn delete(namespace: &str, key: &str) -> Operation {
    Operation::Delete(address(namespace, key))
}

pub fn scope(prefix: &str) -> Scope {
    Scope { prefix: Namespace::from_path(prefix.replace('/', "\0")), filter: None }
}

pub fn search(prefix: &str, order: Order, offset: usize, limit: usize) -> Search {
    Search {
        scope: scope(prefix),
        limit,
        offset,
        order,
        after: None,
        refresh: false,
        page_size: 100,
        fingerprint: 7,
    }
}

pub fn list(conditions: Vec<MatchCondition>, max_depth: Option<usize>, limit: usize) -> ListNamespaces {
    ListNamespaces { conditions, max_depth, limit, offset: 0, after: None, fingerprint: 7 }
}

/// The keys of a search's answer.
pub fn keys(answer: &Json) -> Vec<String> {
    let items = answer["items"].as_array().expect("items");
    items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

/// The namespaces of a listing's answer, labels joined by `/`.
pub fn namespaces(answer: &Json) -> Vec<String> {
    let all = answer["namespaces"].as_array().expect("namespaces");
    let join = |labels: &Json| {
        labels.as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect::<Vec<_>>().join("/")
    };
    all.iter().map(join).collect()
}
