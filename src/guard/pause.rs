//! The time between two attempts of a request.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Guarded;
use crate::error::{Code, Error};
use crate::op::task::Task;

/// A request between two attempts. Dropped by a runtime that goes down it delivers what the last
/// attempt came to.
struct Pause {
    task: Option<Task>,
    error: Option<Error>,
}

/// Runs the task again after `wait`.
///
/// Nothing of it is under way meanwhile, so a write that was surely not applied can be cancelled and can
/// expire like one that never began. One in doubt cannot: a cancel or close ends its retries, and it is
/// told what its attempts came to.
pub fn pause(guards: &Arc<Guarded>, task: Task, error: Error, wait: Duration) {
    if !task.watch().is_some_and(|watch| watch.in_doubt) {
        task.reopen();
    }
    let at = Instant::now() + wait;
    let pause = Pause { task: Some(task), error: Some(error) };
    guards.runtime().spawn(pause.run(guards.clone(), at));
}

impl Pause {
    async fn run(mut self, guards: Arc<Guarded>, at: Instant) {
        loop {
            let mut bell = pin!(guards.bell().notified());
            // Before the look: a cancel sets its mark first and rings then, so one of the two is seen.
            bell.as_mut().enable();
            let is_over = |task: &Task| task.stopped() || task.is_unwanted();
            if guards.is_closed() || self.task.as_ref().is_none_or(is_over) {
                return;
            }
            if at <= Instant::now() {
                break;
            }
            let _ = timeout_at(at, bell).await;
        }
        let (Some(task), Some(error)) = (self.task.take(), self.error.take()) else { return };
        if let Some(watch) = task.watch() {
            let (operation, retry) = (task.operation().kind().name(), watch.attempts + 1);
            let code = error.code().name();
            tracing::debug!(target: "lgstore", operation, retry, code, "trying again after: {error}");
        }
        guards.again(task, error);
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let (Some(task), Some(error)) = (self.task.take(), self.error.take()) {
            give_up(task, error);
        }
    }
}

/// Delivers the error of the last attempt; if an earlier one may have been applied, it says so.
pub fn give_up(task: Task, error: Error) {
    let in_doubt = task.watch().is_some_and(|watch| watch.in_doubt) && task.operation().writes();
    if !in_doubt || error.is_in_doubt() {
        return task.deliver(Err(error));
    }
    let message = format!("an earlier attempt may have been applied; the last one ended with: {error}");
    let details = format!("{{\"cause\":{}}}", error.to_json());
    task.deliver(Err(Error::new(Code::UnknownOutcome, message).with_details(details)));
}
