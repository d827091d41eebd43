//! The store on an ordered engine in this process.
//!
//! Everything an operation means is here, once, above the traits of [`engine`]: reads on a view
//! (`read`, `search`, `list`), writes inside the write transaction (`write`, `conditional`,
//! `batch`, `chunked`), and what happens by itself (`refresh`, `sweep`). This file decides where
//! each runs: on the caller's thread, on a lane, on a thread that may block, or with the writer.

mod admin;
pub mod batch;
pub mod chunked;
pub mod conditional;
pub mod engine;
#[cfg(feature = "file")]
pub mod file;
pub mod list;
pub mod memory;
mod opening;
pub mod read;
pub mod refresh;
pub mod search;
mod sweep;
#[cfg(test)]
mod tests;
pub mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use crate::lock::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use self::batch::BatchJob;
use self::chunked::ChunkJob;
use self::engine::{Engine, Job};
use self::opening::Opening;
use self::read::{Halt, Reading};
use self::refresh::Refreshes;
use self::write::WriteJob;
use super::Backend;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::answers::{Answers, NULL};
use crate::store::clock::Clock;
use crate::store::config::Config;
use crate::store::operation::{Admin, Batch, Mode, Operation};
use crate::telemetry::report::Report;

/// Gets that a batch may hold to be answered on the caller's thread.
const IMMEDIATE_GETS: usize = 64;
/// Operations of a batch from which on its writes are not carried out on a lane.
const LANE_BATCH: usize = 256;

const NEW: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

/// A backend on the engine `E`.
pub struct Embedded<E: Engine> {
    shared: Arc<Shared<E>>,
}

/// What requests, jobs and the sweeper share.
pub(super) struct Shared<E: Engine> {
    engine: E,
    config: Arc<Config>,
    clock: Arc<Clock>,
    runtime: Handle,
    state: AtomicU8,
    opening: Mutex<Opening>,
    refreshes: Refreshes,
    sweeper: Mutex<Option<JoinHandle<()>>>,
}

/// What the read part of a request has come to.
enum Phase {
    Answer(String),
    /// A snapshot batch whose reads are answered and whose writes are to be done.
    Write(Answers),
}

impl<E: Engine> Embedded<E> {
    /// A backend that opens `engine` with the first operation. `runtime` must have its timer enabled.
    pub fn new(engine: E, config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Self {
        let shared = Shared {
            engine,
            config,
            clock,
            runtime,
            state: AtomicU8::new(NEW),
            opening: Mutex::default(),
            refreshes: Refreshes::default(),
            sweeper: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Opens the engine on this thread, which must be allowed to block if the engine's `open` does.
    /// A failure shows when the next operation opens it again.
    pub(super) fn open_here(&self) {
        self.shared.opening.lock().running = true;
        opening::Opener(Some(self.shared.clone())).run();
    }
}

impl<E: Engine> Backend for Embedded<E> {
    fn name(&self) -> &'static str {
        self.shared.engine.name()
    }

    fn immediate(&self, operation: &Operation) -> Option<Result<String>> {
        let shared = &self.shared;
        match shared.state.load(Ordering::Acquire) {
            OPEN => {}
            CLOSED => return Some(Err(closed())),
            _ => return None,
        }
        let bounded = match operation {
            Operation::Get(_) | Operation::Search(_) | Operation::ListNamespaces(_) | Operation::Count(_) => {
                true
            }
            Operation::Batch(batch) => {
                let gets = batch.operations.iter().all(|one| matches!(one, Operation::Get(_)));
                gets && batch.operations.len() <= IMMEDIATE_GETS
            }
            Operation::Put(_) | Operation::Delete(_) | Operation::Conditional(_) => {
                return shared.write_now(operation);
            }
            Operation::Admin(Admin::Advance { .. }) => return shared.check_advance().err().map(Err),
            _ => false,
        };
        if !bounded {
            return None;
        }
        match guarded(|| shared.read_bounded(operation)) {
            Ok(Some(Phase::Answer(answer))) => Some(Ok(answer)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    }

    fn start(&self, task: Task) {
        match self.shared.state.load(Ordering::Acquire) {
            OPEN => self.shared.dispatch(task),
            CLOSED => task.complete(Err(closed())),
            _ => self.shared.open_then(task),
        }
    }

    fn start_all(&self, tasks: &mut Vec<Task>) {
        let gets = tasks.iter().filter(|task| matches!(task.operation(), Operation::Get(_))).count();
        // One snapshot for all gets: every one of them was submitted before it is taken.
        let mut view = if gets > 1 && self.shared.is_open() {
            guarded(|| self.shared.engine.view(false)).ok().flatten()
        } else {
            None
        };
        for task in tasks.drain(..) {
            match &mut view {
                Some(view) if matches!(task.operation(), Operation::Get(_)) => self.shared.get(view, task),
                // A panic unwinds through its task, whose drop reports it; the others go on.
                _ => drop(catch_unwind(AssertUnwindSafe(|| self.start(task)))),
            }
        }
    }

    fn report(&self, report: &mut Report) {
        report.refreshes_dropped += self.shared.refreshes.dropped();
    }

    fn close(&self) {
        self.shared.close();
    }
}

impl<E: Engine> Drop for Embedded<E> {
    fn drop(&mut self) {
        // Only the sweeper: closing the engine blocks, which is for `close` alone.
        self.shared.stop_sweeper();
    }
}

impl<E: Engine> Shared<E> {
    fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED
    }

    fn close(&self) {
        self.state.store(CLOSED, Ordering::Release);
        self.stop_sweeper();
        self.engine.close();
    }

    fn stop_sweeper(&self) {
        if let Some(sweeper) = self.sweeper.lock().take() {
            sweeper.abort();
        }
    }

    /// Runs a request on the open engine.
    fn dispatch(self: &Arc<Self>, task: Task) {
        match task.operation() {
            Operation::Get(_) | Operation::Search(_) | Operation::ListNamespaces(_) | Operation::Count(_) => {
                self.start_read(task)
            }
            Operation::Batch(batch) if reads_first(batch) => self.start_read(task),
            Operation::Batch(batch) => {
                let on_lane = batch.operations.len() <= LANE_BATCH;
                let job = BatchJob::new(self.clone(), task, Vec::new());
                if on_lane { self.engine.submit(job) } else { self.submit_later(job) }
            }
            Operation::Put(_) | Operation::Delete(_) | Operation::Conditional(_) => {
                self.engine.submit(WriteJob::new(self.clone(), task));
            }
            Operation::DeletePrefix(_) | Operation::Sweep => {
                self.submit_later(ChunkJob::new(self.clone(), task));
            }
            Operation::Admin(admin) => {
                let admin = admin.clone();
                self.admin(task, admin);
            }
        }
    }

    /// Writes on this thread, where the engine can do that without waiting; `None` = accept it.
    fn write_now(self: &Arc<Self>, operation: &Operation) -> Option<Result<String>> {
        let mut answer = NULL;
        let now = self.engine.write_now(&mut |transaction| {
            answer = write::apply(transaction, operation, self.clock.now())?;
            Ok(())
        })?;
        if now.left {
            let shared = self.clone();
            self.runtime.spawn(async move { shared.engine.run_left() });
        }
        Some(now.outcome.map(|()| answer.into_owned()))
    }

    /// Submits a large job from a thread that may block: the engine may run it right there.
    fn submit_later(self: &Arc<Self>, job: Box<dyn Job>) {
        let shared = self.clone();
        self.runtime.spawn_blocking(move || shared.engine.submit(job));
    }

    /// Answers a task with `work` on a thread that may block.
    fn block_on(
        self: &Arc<Self>,
        task: Task,
        work: impl FnOnce(&Arc<Self>, &Task) -> Result<String> + Send + 'static,
    ) {
        let shared = self.clone();
        self.runtime.spawn_blocking(move || {
            let outcome = guarded(|| work(&shared, &task));
            task.complete(outcome);
        });
    }

    /// Reads here if the work is bounded, else on a thread that may block.
    fn start_read(self: &Arc<Self>, task: Task) {
        match guarded(|| self.read_bounded(task.operation())) {
            Ok(Some(phase)) => self.after_read(task, phase),
            Ok(None) => {
                let shared = self.clone();
                self.runtime.spawn_blocking(move || match guarded(|| shared.read_fully(&task)) {
                    Ok(phase) => shared.after_read(task, phase),
                    Err(error) => task.complete(Err(error)),
                });
            }
            Err(error) => task.complete(Err(error)),
        }
    }

    /// Answers a get from a snapshot.
    fn get(self: &Arc<Self>, view: &mut E::View, task: Task) {
        let outcome = guarded(|| match self.read_phase(view, task.operation(), None, &|| false) {
            Ok(Phase::Answer(answer)) => Ok(answer),
            Ok(Phase::Write(_)) | Err(Halt::Budget | Halt::Stopped) => Err(given_up(task.deadline())),
            Err(Halt::Failed(error)) => Err(error),
        });
        task.complete(outcome);
    }

    fn after_read(self: &Arc<Self>, task: Task, phase: Phase) {
        match phase {
            Phase::Answer(answer) => task.complete(Ok(answer)),
            Phase::Write(answers) => self.submit_later(BatchJob::new(self.clone(), task, answers)),
        }
    }

    /// `None` when the read needs more than the budget, or a view only by waiting.
    fn read_bounded(self: &Arc<Self>, operation: &Operation) -> Result<Option<Phase>> {
        let view = match operation {
            Operation::Get(_) | Operation::ListNamespaces(_) => self.engine.single(false)?,
            _ => self.engine.view(false)?,
        };
        let Some(mut view) = view else { return Ok(None) };
        let budget = match operation {
            Operation::Get(_) => None,
            Operation::Batch(batch) => Some(self.config.search.immediate_rows.max(batch.operations.len())),
            _ => Some(self.config.search.immediate_rows),
        };
        match self.read_phase(&mut view, operation, budget, &|| false) {
            Ok(phase) => Ok(Some(phase)),
            Err(Halt::Budget | Halt::Stopped) => Ok(None),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn read_fully(self: &Arc<Self>, task: &Task) -> Result<Phase> {
        let stopped = || task.stopped() || self.is_closed();
        if stopped() {
            // Nobody waits for it: no wait for a view either.
            return Err(given_up(task.deadline()));
        }
        let view = self.engine.view(true)?;
        let mut view = view.ok_or_else(|| Error::new(Code::Unavailable, "the engine gave no view"))?;
        match self.read_phase(&mut view, task.operation(), None, &stopped) {
            Ok(phase) => Ok(phase),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Budget | Halt::Stopped) if self.is_closed() => Err(closed()),
            Err(Halt::Budget | Halt::Stopped) => Err(given_up(task.deadline())),
        }
    }

    fn read_phase(
        self: &Arc<Self>,
        view: &mut E::View,
        operation: &Operation,
        budget: Option<usize>,
        stopped: &dyn Fn() -> bool,
    ) -> read::Read<Phase> {
        let slack = self.config.ttl.refresh_slack;
        let mut reading = Reading::new(self.clock.now(), slack, budget, stopped);
        let phase = match operation {
            Operation::Batch(batch) if operation.writes() => {
                Phase::Write(batch::read_reads(view, batch, &mut reading)?)
            }
            _ => Phase::Answer(read::read(view, operation, &mut reading)?),
        };
        self.refresh(reading.due);
        Ok(phase)
    }
}

/// Whether a batch begins with reads outside the writer: it only reads, or its reads are to see
/// the state before its writes.
fn reads_first(batch: &Batch) -> bool {
    let reads = batch.operations.iter().filter(|operation| !operation.writes()).count();
    reads == batch.operations.len() || (reads > 0 && batch.mode == Mode::Snapshot)
}

/// Runs `work`; a panic becomes an error of code `Panic`.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Err(Error::new(Code::Panic, format!("a panic was caught: {}", text.unwrap_or("no message"))))
    })
}

/// The error of a request that was stopped: timed out if its deadline has passed, else cancelled.
fn given_up(deadline: Option<Instant>) -> Error {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => Error::new(Code::Timeout, "the deadline passed"),
        _ => Error::new(Code::Cancelled, "the request was cancelled"),
    }
}

fn closed() -> Error {
    Error::new(Code::Closed, "the store is closed")
}
