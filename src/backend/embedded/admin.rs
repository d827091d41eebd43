//! Operations of the store's life and care.

use std::sync::Arc;

use super::Shared;
use super::engine::{Engine, Job, Transaction, View};
use super::refresh::{Due, apply_all};
use super::write::{Claim, put};
use crate::error::{Code, Error, Result};
use crate::json::text::push_string;
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::operation::{Admin, Value};
use crate::telemetry::health::Health;

impl<E: Engine> Shared<E> {
    /// Runs an admin request on an open store; what may take long goes to a thread that may block.
    pub(super) fn admin(self: &Arc<Self>, task: Task, admin: Admin) {
        match admin {
            Admin::Open | Admin::Migrate(_) | Admin::Warmup => task.complete(Ok("null".to_owned())),
            Admin::Reindex => task.complete(Ok("0".to_owned())),
            Admin::Advance { by_us } => match self.check_advance() {
                Ok(()) => self.engine.submit(Box::new(AdvanceJob {
                    shared: self.clone(),
                    claim: Claim::new(task),
                    by_us,
                    batch: Vec::new(),
                })),
                Err(error) => task.complete(Err(error)),
            },
            Admin::Health { write: false } => {
                self.block_on(task, |shared, _| Ok(shared.health(Ok(())).to_json()));
            }
            Admin::Health { write: true } => {
                let shared = self.clone();
                self.runtime.spawn_blocking(move || {
                    let health = shared.health(Ok(()));
                    let job = ProbeJob { now: shared.clock.now(), task, health };
                    shared.engine.submit(Box::new(job));
                });
            }
            Admin::ClusterInfo => self.block_on(task, |shared, _| Ok(shared.info())),
            Admin::Backup { path } => self.block_on(task, move |shared, task| {
                if !task.claim() {
                    return Err(super::given_up(task.deadline()));
                }
                shared.engine.backup(path.as_ref()).map(|()| "null".to_owned())
            }),
        }
    }

    /// Whether `advance` is allowed here.
    pub(super) fn check_advance(&self) -> Result<()> {
        if self.config.test_clock {
            return Ok(());
        }
        Err(Error::new(Code::Unsupported, "advance needs the option test_clock"))
    }

    /// Reads what is never there. An engine that could not be opened is a check that failed.
    pub(super) fn health(&self, opened: Result<()>) -> Health {
        let mut health = Health::begin();
        let checked = opened.and_then(|()| {
            let mut view = self.engine.view(true)?.ok_or_else(|| Error::new(Code::Unavailable, "no view"))?;
            view.get(&Address::new("", ""), &mut |_| {})?;
            Ok(format!("{} engine answers", self.engine.name()))
        });
        health.outcome("engine", checked);
        health
    }

    /// `{"backend":name,…facts}`.
    fn info(&self) -> String {
        let mut out = String::from("{\"backend\":");
        push_string(&mut out, self.engine.name());
        let dropped = ("refreshes_dropped", self.refreshes.dropped().to_string());
        for (name, json) in self.engine.facts().into_iter().chain([dropped]) {
            out.push(',');
            push_string(&mut out, name);
            out.push(':');
            out.push_str(&json);
        }
        out.push('}');
        out
    }
}

/// Writes an item and removes it again in the same transaction: a commit like any other, that no
/// read and no other process ever sees. What it finds out goes into the health document.
struct ProbeJob {
    now: i64,
    task: Task,
    health: Health,
}

impl Job for ProbeJob {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        // No request can write to the root.
        let address = Address::new("", "health");
        let value = Value { text: "{}".into(), duplicates: false };
        put(transaction, &address, &value, None, self.now)?;
        transaction.delete(&address).map(drop)
    }

    fn finish(mut self: Box<Self>, committed: Result<()>) {
        self.health.outcome("write", committed.map(|()| "a write was acknowledged"));
        self.task.complete(Ok(self.health.to_json()));
    }

    fn expired(&self) -> bool {
        self.task.stopped()
    }
}

/// Moves the clock, after every refresh that was asked for before.
struct AdvanceJob<E: Engine> {
    shared: Arc<Shared<E>>,
    claim: Claim,
    by_us: i64,
    batch: Vec<Due>,
}

impl<E: Engine> Job for AdvanceJob<E> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        if !self.claim.take() {
            return Ok(());
        }
        self.shared.refreshes.take(&mut self.batch);
        apply_all(&self.batch, transaction, self.shared.clock.now())
    }

    /// The clock moves here and not in `run`, which may happen twice.
    fn finish(self: Box<Self>, committed: Result<()>) {
        if !self.claim.is_lost() && committed.is_ok() {
            self.shared.clock.advance(self.by_us);
        }
        self.claim.complete(committed.map(|()| "null".to_owned()));
    }
}
