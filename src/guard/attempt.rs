//! What becomes of an attempt's outcome: what it says of the cluster, and whether there is another attempt.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::Verdict;
use super::counters::Counter;
use super::{Guarded, Watch, pause, retry};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::operation::{Kind, Operation};
use crate::telemetry::health::with_breakers;
use crate::telemetry::report::Report;

/// How long an attempt must have run for a timeout at the caller's own deadline to speak against the
/// cluster: a healthy one answers within a fraction of this, and a caller who gives it less may not
/// take it away from everybody else.
const PATIENCE: Duration = Duration::from_secs(1);

impl Guarded {
    /// Takes the outcome of an attempt: delivers it, or runs the request again later.
    pub(crate) fn outcome(self: &Arc<Self>, mut task: Task, outcome: Result<String>) {
        let deadline = task.deadline();
        let of_one_node = hangs_with_one_node(&task);
        let Some(watch) = task.watch_mut() else { return task.deliver(outcome) };
        let part_failed = std::mem::take(watch.part_failed.get_mut());
        let mut verdict = verdict(&outcome, deadline, watch.began);
        if of_one_node && outcome.as_ref().is_err_and(is_lost) {
            verdict = Verdict::Neutral;
        }
        if part_failed && verdict == Verdict::Healthy {
            verdict = Verdict::Neutral;
        }
        let (permit, is_retry) = (watch.permit.take(), watch.attempts > 0);
        self.settle(permit, verdict);
        match outcome {
            Ok(answer) => {
                self.counters.add(Counter::Succeeded, u64::from(is_retry));
                let answer =
                    if task.operation().kind() == Kind::Health { self.with_breaker(answer) } else { answer };
                task.deliver(Ok(answer));
            }
            Err(error) => self.failed(task, error),
        }
    }

    /// A health document with the breaker's state as one more check.
    fn with_breaker(&self, document: String) -> String {
        let mut report = Report::default();
        self.report(&mut report);
        with_breakers(document, &report)
    }

    /// A part of a request has failed, such as one operation of a batch whose outcome will be success.
    pub(crate) fn part_failed(&self, watch: &Watch, error: &Error) {
        let failed = Err(error.clone());
        if let (Some(breaker), Some(permit)) = (&self.breaker, watch.permit)
            && verdict(&failed, None, watch.began) == Verdict::Sick
        {
            watch.part_failed.store(true, Ordering::Relaxed);
            breaker.part_failed(permit);
        }
    }

    /// A task has gone without an outcome from the backend: its permit comes back.
    pub(crate) fn dropped(&self, watch: &mut Watch) {
        self.settle(watch.permit.take(), Verdict::Neutral);
    }

    pub(super) fn failed(self: &Arc<Self>, mut task: Task, error: Error) {
        match self.next_pause(&mut task, &error) {
            Some(wait) => pause::pause(self, task, error, wait),
            None => {
                let is_retry = task.watch().is_some_and(|watch| watch.attempts > 0);
                self.counters.add(Counter::Exhausted, u64::from(is_retry));
                pause::give_up(task, error);
            }
        }
    }

    /// How long to wait before the next attempt; `None` = there is none.
    fn next_pause(&self, task: &mut Task, error: &Error) -> Option<Duration> {
        let policy = self.policy(task.operation(), task.options())?;
        if !retry::is_transient(error) || task.is_unwanted() || self.is_closed() {
            return None;
        }
        let deadline = task.deadline();
        let watch = task.watch_mut()?;
        watch.in_doubt |= error.is_in_doubt();
        let in_doubt = watch.in_doubt;
        let wait = watch.backoff.get_or_insert_with(|| Box::new(policy.delays())).next()?;
        let wait = wait.max(Duration::from_millis(error.retry_after_ms().unwrap_or(0)));
        let in_time = deadline
            .is_none_or(|at| std::time::Instant::now().checked_add(wait).is_some_and(|then| then < at));
        // Through Paxos a second run is a second write, which could undo what came between the two.
        let twice = in_doubt && task.options().is_some_and(|options| options.serial);
        (in_time && !twice && retry::is_idempotent(task.operation(), in_doubt)).then_some(wait)
    }

    /// Tries again after a pause. The breaker is asked again; the rate limit counts requests, not attempts.
    pub(super) fn again(self: &Arc<Self>, mut task: Task, error: Error) {
        let Ok(permit) = self.admit(task.operation().kind()) else {
            return pause::give_up(task, error);
        };
        self.counters.add(Counter::Retried, 1);
        if let Some(watch) = task.watch_mut() {
            watch.attempts += 1;
            watch.permit = permit;
            watch.began = Instant::now();
        }
        self.start(task);
    }
}

/// Whether the request can be lost with a single node. Writes through Paxos are sent once, to one node, and a logged
/// batch waits for two certain nodes to keep it: one node that hangs costs several such requests their answer at the
/// same moment, while everything else goes on. Nor does losing to other writers until time is up speak of health.
fn hangs_with_one_node(task: &Task) -> bool {
    match task.operation() {
        Operation::Conditional(_) => true,
        Operation::Batch(batch) => batch.logged,
        Operation::Put(_) | Operation::Delete(_) => task.options().is_some_and(|options| options.serial),
        _ => false,
    }
}

/// The answer did not come, or not in time.
fn is_lost(error: &Error) -> bool {
    matches!(error.code(), Code::Timeout | Code::UnknownOutcome)
}

/// What an outcome says of the cluster's health: only failures to serve count against it. A timeout at
/// the caller's own deadline counts only when the cluster had time enough.
pub(super) fn verdict(
    outcome: &Result<String>,
    deadline: Option<std::time::Instant>,
    began: Instant,
) -> Verdict {
    let Err(error) = outcome else { return Verdict::Healthy };
    match error.code() {
        Code::Unavailable | Code::Overloaded => Verdict::Sick,
        Code::Timeout | Code::UnknownOutcome => {
            let at_deadline = deadline.is_some_and(|at| at <= std::time::Instant::now());
            if at_deadline && began.elapsed() < PATIENCE { Verdict::Neutral } else { Verdict::Sick }
        }
        _ => Verdict::Neutral,
    }
}
