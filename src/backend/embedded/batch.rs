//! Several operations in one request, in both modes, each with its own answer or error.

use std::sync::Arc;

use super::engine::{Engine, Job, Transaction, View};
use super::read::{Halt, Read, Reading, read};
use super::write::{Claim, apply, bytes};
use super::{Shared, given_up, guarded};
use crate::error::{Error, Result};
use crate::op::task::Task;
use crate::store::answers::{Answers, Text, answer_overwritten, document};
use crate::store::operation::{Batch, Mode, Operation};

/// Operations that failed one by one before the rest of a batch is given up.
const MAX_ATTEMPTS: usize = 4;

/// An operation's index and its outcome.
pub type Done = (usize, Result<Text>);

/// Answers a batch that only reads, from one view.
pub fn read_all(view: &mut dyn View, batch: &Batch, reading: &mut Reading<'_>) -> Read<String> {
    Ok(document(read_reads(view, batch, reading)?))
}

/// Answers the reads of a batch from one view; writes stay open.
pub fn read_reads(view: &mut dyn View, batch: &Batch, reading: &mut Reading<'_>) -> Read<Answers> {
    batch
        .operations
        .iter()
        .map(|operation| match operation.writes() {
            true => Ok(None),
            false => read_one(view, operation, reading).map(Some),
        })
        .collect()
}

/// One operation's error is its own answer; only a used-up budget or a stop ends the batch.
fn read_one(view: &mut dyn View, operation: &Operation, reading: &mut Reading<'_>) -> Read<Result<Text>> {
    match read(view, operation, reading) {
        Ok(answer) => Ok(Ok(Text::Owned(answer))),
        Err(Halt::Failed(error)) => Ok(Err(error)),
        Err(other) => Err(other),
    }
}

/// Carries out, in order, every operation that has no answer yet; reads see the writes before them.
///
/// On an error `Err((index, error))` names the write that failed; the transaction must then be undone.
pub fn apply_open(
    transaction: &mut dyn Transaction,
    batch: &Batch,
    answers: &Answers,
    reading: &mut Reading<'_>,
) -> std::result::Result<Vec<Done>, (usize, Error)> {
    let mut done = Vec::with_capacity(batch.operations.len());
    for (index, operation) in batch.operations.iter().enumerate() {
        if answers[index].is_some() {
            continue;
        }
        let answer = if operation.writes() {
            Ok(guarded(|| apply(transaction, operation, reading.now)).map_err(|error| (index, error))?)
        } else {
            let view: &mut dyn View = &mut *transaction;
            guarded(|| match read(view, operation, reading) {
                Ok(answer) => Ok(Text::Owned(answer)),
                Err(Halt::Failed(error)) => Err(error),
                Err(Halt::Budget | Halt::Stopped) => Err(given_up(None)),
            })
        };
        done.push((index, answer));
    }
    Ok(done)
}

/// A batch with writes on its way through the writer.
pub(super) struct BatchJob<E: Engine> {
    shared: Arc<Shared<E>>,
    claim: Claim,
    answers: Answers,
    done: Vec<Done>,
    failed: Option<usize>,
    attempts: usize,
    due: Vec<super::refresh::Due>,
}

impl<E: Engine> BatchJob<E> {
    /// `answers` holds what a snapshot batch has read already.
    pub(super) fn new(shared: Arc<Shared<E>>, task: Task, mut answers: Answers) -> Box<Self> {
        if let Operation::Batch(batch) = task.operation() {
            answers.resize_with(batch.operations.len(), || None);
            if batch.mode == Mode::Snapshot {
                answer_overwritten(batch, &mut answers);
            }
        }
        let claim = Claim::new(task);
        Box::new(Self {
            shared,
            claim,
            answers,
            done: Vec::new(),
            failed: None,
            attempts: 0,
            due: Vec::new(),
        })
    }
}

impl<E: Engine> Job for BatchJob<E> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.failed = None;
        self.done.clear();
        if !self.claim.take() {
            return Ok(());
        }
        let Operation::Batch(batch) = self.claim.task().operation() else { return Ok(()) };
        let (now, slack) = (self.shared.clock.now(), self.shared.config.ttl.refresh_slack);
        let mut reading = Reading::new(now, slack, None, &|| false);
        match apply_open(transaction, batch, &self.answers, &mut reading) {
            Ok(done) => {
                self.done = done;
                self.due = reading.due;
                Ok(())
            }
            Err((index, error)) => {
                self.failed = Some(index);
                Err(error)
            }
        }
    }

    fn expired(&self) -> bool {
        self.claim.is_over()
    }

    fn bytes(&self) -> usize {
        bytes(self.claim.task().operation())
    }

    fn finish(mut self: Box<Self>, committed: Result<()>) {
        if self.claim.is_lost() {
            return self.claim.complete(Err(given_up(None)));
        }
        let logged = matches!(self.claim.task().operation(), Operation::Batch(batch) if batch.logged);
        match committed {
            Ok(()) => {
                for (index, answer) in std::mem::take(&mut self.done) {
                    self.answers[index] = Some(answer);
                }
                self.shared.refresh(std::mem::take(&mut self.due));
            }
            Err(error) if logged => return self.claim.complete(Err(error)),
            Err(error) => {
                // Not one of the others may suffer from the operation that failed: the rest is
                // tried again without it.
                self.attempts += 1;
                if let Some(index) = self.failed.take_if(|_| self.attempts < MAX_ATTEMPTS) {
                    self.answers[index] = Some(Err(error));
                    let shared = self.shared.clone();
                    return shared.submit_later(self);
                }
                for answer in self.answers.iter_mut().filter(|answer| answer.is_none()) {
                    *answer = Some(Err(error.clone()));
                }
            }
        }
        let answer = document(self.answers);
        self.claim.complete(Ok(answer));
    }
}
