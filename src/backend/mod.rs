//! Where items live. A backend takes tasks and completes each exactly once.

pub mod embedded;
pub mod fault;

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::error::Result;
use crate::op::task::Task;
use crate::store::clock::Clock;
use crate::store::config::Config;
use crate::store::operation::Operation;

/// An engine behind the store.
///
/// The contract with `op`: `start` never blocks its caller for long (it runs on a lane of the
/// runtime) and every task it takes is completed exactly once; a task that is dropped completes
/// itself as closed or panicked.
pub trait Backend: Send + Sync + 'static {
    /// The name in logs, metrics and health: `memory`, `file`, `fault`, `cql`.
    fn name(&self) -> &'static str;

    /// Answers on the calling thread if that needs no waiting and only bounded work (rulings 26);
    /// `None` = must be accepted and started. Never waits for a writer, a queue or the network.
    fn immediate(&self, operation: &Operation) -> Option<Result<String>>;

    /// Runs an accepted request to its end, somewhere.
    fn start(&self, task: Task);

    /// Stops background work and releases files; queued tasks are dropped. Blocks until done, so
    /// it is never called on a lane.
    fn close(&self);
}

/// The backend that the configuration names.
pub fn build(config: &Arc<Config>, clock: &Arc<Clock>, runtime: &Handle) -> Result<Arc<dyn Backend>> {
    let _ = (config, clock, runtime);
    todo!()
}
