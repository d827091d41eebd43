//! Several operations in one request.
//!
//! `snapshot`: the reads run first, side by side, then the writes. Without atomicity writes are grouped by
//! partition, each group one UNLOGGED batch (atomic within its partition, by the cluster's rules), split by
//! bytes and number, and the groups run side by side; every operation has its own outcome. `logged` is one
//! LOGGED batch over all partitions: all or nothing, without isolation. `sequential`: one after the other.

mod reads;
mod writes;

use std::sync::Arc;

use super::cluster::{Call, Cluster};
use crate::error::Result;
use crate::op::task::Task;
use crate::store::answers::{Answers, answer_overwritten, document};
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
                    *answer = Some(self.one(call, task, operation).await);
                }
            }
            Mode::Snapshot => {
                self.read_side_by_side(call, task, batch, &mut answers).await;
                answer_overwritten(batch, &mut answers);
                if batch.logged {
                    self.write_logged(call, task, batch, &mut answers).await?;
                } else {
                    self.write_grouped(call, task, batch, &mut answers).await;
                }
            }
        }
        Ok(document(answers))
    }

    /// One operation of a batch by itself.
    async fn one(self: &Arc<Self>, call: &Call<'_>, task: &Task, operation: &Operation) -> Result<String> {
        let call = Call { kind: operation.kind(), ..*call };
        match operation {
            Operation::Put(put) => self.put(&call, task, put).await,
            Operation::Delete(address) => self.delete(&call, task, address).await,
            other => self.read_one(&call, task, other).await,
        }
    }
}
