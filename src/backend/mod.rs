//! Where items live. A backend takes tasks and completes each exactly once.

#[cfg(feature = "cql")]
mod cql;
pub mod embedded;
pub mod fault;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::runtime::Handle;

use embedded::Embedded;
use embedded::memory::Memory;

use crate::error::Result;
#[cfg(not(all(feature = "cql", feature = "file")))]
use crate::error::{Code, Error};
use crate::op::task::Task;
use crate::store::clock::Clock;
use crate::store::config::{BackendName, Config};
use crate::store::operation::Operation;
use crate::telemetry::report::Report;

/// An engine behind the store.
///
/// The contract with `op`: `start` never blocks its caller for long (it runs on a lane of the
/// runtime) and every task it takes is completed exactly once; a task that is dropped completes
/// itself as closed or panicked.
pub trait Backend: Send + Sync + 'static {
    /// The name in logs, metrics and health: `memory`, `file`, `fault`, `cql`.
    fn name(&self) -> &'static str;

    /// Answers on the calling thread if that needs no waiting and only bounded work;
    /// `None` = must be accepted and started. Never waits for a writer, a queue or the network.
    fn immediate(&self, operation: &Operation) -> Option<Result<String>>;

    /// Runs an accepted request to its end, somewhere.
    fn start(&self, task: Task);

    /// Runs accepted requests that were waiting together, in any order. All of them were submitted
    /// before this is called, so reads among them may share one snapshot that is taken now.
    fn start_all(&self, tasks: &mut Vec<Task>) {
        for task in tasks.drain(..) {
            // A panic unwinds through its task, whose drop reports it; the others go on.
            let _ = catch_unwind(AssertUnwindSafe(|| self.start(task)));
        }
    }

    /// Adds what the backend knows of its caches, connections and the like to the metrics' report.
    /// Quick, and on any thread; numbers that count only grow (see [`Report`]).
    fn report(&self, report: &mut Report) {
        let _ = report;
    }

    /// Stops background work and releases files; queued tasks are dropped. Blocks until done, so
    /// it is never called on a lane.
    fn close(&self);
}

/// The backend that the configuration names; no I/O.
pub fn build(config: &Arc<Config>, clock: &Arc<Clock>, runtime: &Handle) -> Result<Arc<dyn Backend>> {
    let (config, clock, runtime) = (Arc::clone(config), Arc::clone(clock), runtime.clone());
    Ok(match (config.backend, &config.path) {
        (BackendName::Fault, _) => Arc::new(fault::Fault::new(config, clock, runtime)),
        (BackendName::Cql, _) => cluster(config, clock, runtime)?,
        (BackendName::Embedded, None) => Arc::new(Embedded::new(Memory::new(), config, clock, runtime)),
        (BackendName::Embedded, Some(_)) => file(config, clock, runtime)?,
    })
}

#[cfg(feature = "file")]
fn file(config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Result<Arc<dyn Backend>> {
    let engine = embedded::file::FileEngine::new(&config);
    Ok(Arc::new(Embedded::new(engine, config, clock, runtime)))
}

#[cfg(not(feature = "file"))]
fn file(_: Arc<Config>, _: Arc<Clock>, _: Handle) -> Result<Arc<dyn Backend>> {
    Err(Error::new(Code::Unsupported, "this library was built without the durable engine").at("path"))
}

#[cfg(feature = "cql")]
fn cluster(config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Result<Arc<dyn Backend>> {
    Ok(Arc::new(cql::Cql::new(config, clock, runtime)))
}

#[cfg(not(feature = "cql"))]
fn cluster(_: Arc<Config>, _: Arc<Clock>, _: Handle) -> Result<Arc<dyn Backend>> {
    Err(Error::new(Code::Unsupported, "this library was built without clusters").at("backend"))
}
