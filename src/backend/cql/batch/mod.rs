//! Several operations in one request.
//!
//! `snapshot`: the reads run first, side by side, then the writes. Without atomicity writes are grouped by
//! partition, each group one UNLOGGED batch (atomic within its partition, by the cluster's rules), split by
//! bytes and number, and the groups run side by side; every operation has its own outcome. `logged` is one
//! LOGGED batch over all partitions: all or nothing, without isolation. `sequential`: one after the other.

mod reads;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;

use super::cluster::{Call, Cluster};
use crate::error::{Error, Result};
use crate::guard::retry::{Backoff, Policy, is_transient};
use crate::op::task::Task;
use crate::store::answers::{Answers, Text, answer_overwritten, document};
use crate::store::operation::{Batch, Mode, Operation};

/// Requests of one batch that are with the cluster at one time.
const SIDE_BY_SIDE: usize = 32;

impl Cluster {
    /// Answers `{"results":[…]}`, aligned with the operations.
    pub async fn batch(self: &Arc<Self>, call: &Call<'_>, task: &Task, batch: &Batch) -> Result<String> {
        let mut answers: Answers = Vec::new();
        answers.resize_with(batch.operations.len(), || None);
        match batch.mode {
            Mode::Sequential => {
                for (operation, answer) in batch.operations.iter().zip(&mut answers) {
                    *answer = Some(self.one(call, task, operation).await.map(Text::Owned));
                }
                report_failures(task, &answers);
            }
            Mode::Snapshot => {
                let mut retries = self.retries(task);
                self.read_side_by_side(call, task, batch, &mut answers).await;
                while retries.again(task, &mut answers).await {
                    self.read_side_by_side(call, task, batch, &mut answers).await;
                }
                answer_overwritten(batch, &mut answers);
                if batch.logged {
                    self.write_logged(call, task, batch, &mut answers).await?;
                } else {
                    self.write_grouped(call, task, batch, &mut answers).await;
                }
                report_failures(task, &answers);
            }
        }
        Ok(document(answers))
    }

    fn retries(&self, task: &Task) -> Retries {
        let own = task.options().and_then(|options| options.retry.as_ref());
        Retries(Policy::new(&self.config.retry, own).delays())
    }

    /// One operation of a batch by itself.
    async fn one(self: &Arc<Self>, call: &Call<'_>, task: &Task, operation: &Operation) -> Result<String> {
        let call = Call { kind: operation.kind(), alone: false, ..*call };
        match operation {
            Operation::Put(put) => self.put(&call, task, put).await,
            Operation::Delete(address) => self.delete(&call, task, address).await,
            other => self.read_one(&call, task, other).await,
        }
    }
}

/// Does work side by side; what comes of it, in no order.
pub(super) async fn side_by_side<T>(mut work: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    // Most batches are for one namespace.
    if work.len() < 2 {
        let Some(only) = work.pop() else { return Vec::new() };
        return vec![only.await];
    }
    stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await
}

/// Does work of several paths side by side; the errors by path.
pub(super) async fn failures(work: Vec<BoxFuture<'_, (&str, Result<()>)>>) -> HashMap<String, Error> {
    let failed = |(path, outcome): (&str, Result<()>)| Some((path.to_owned(), outcome.err()?));
    side_by_side(work).await.into_iter().filter_map(failed).collect()
}

/// What the circuit breaker should know although the batch itself has an answer.
fn report_failures(task: &Task, answers: &Answers) {
    answers
        .iter()
        .flatten()
        .filter_map(|answer| answer.as_ref().err())
        .for_each(|error| task.part_failed(error));
}

/// The pauses before operations of a batch are tried again; each part of a batch counts by itself.
struct Retries(Backoff);

impl Retries {
    /// Takes the answers back that time may cure, waits, and says whether there is anything to try again.
    /// Never waits past the deadline.
    async fn again(&mut self, task: &Task, answers: &mut Answers) -> bool {
        let curable = |answer: &Option<Result<Text>>| {
            answer.as_ref().is_some_and(|answer| answer.as_ref().is_err_and(is_transient))
        };
        if !answers.iter().any(curable) || !self.pause(task).await {
            return false;
        }
        answers.iter_mut().filter(|answer| curable(answer)).for_each(|answer| *answer = None);
        true
    }

    /// Waits for the next attempt; false = there is none.
    async fn pause(&mut self, task: &Task) -> bool {
        let Some(pause) = self.0.next() else { return false };
        let late = task.deadline().is_some_and(|deadline| Instant::now() + pause >= deadline);
        if late || task.stopped() || task.is_unwanted() {
            return false;
        }
        tokio::time::sleep(pause).await;
        !task.stopped()
    }
}
