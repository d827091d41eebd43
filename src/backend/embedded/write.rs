//! Writes inside the write transaction: put and delete, and the job that carries one request there.

use std::sync::Arc;
use std::time::Instant;

use super::engine::{Engine, Job, Transaction};
use super::{Shared, conditional, given_up, guarded};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::answers::{NULL, Text};
use crate::store::item::{Meta, Record};
use crate::store::operation::{Operation, Value};
use crate::store::version::new_version;

/// Applies a put, delete or conditional write at `now` and gives its answer.
pub fn apply(transaction: &mut dyn Transaction, operation: &Operation, now: i64) -> Result<Text> {
    match operation {
        Operation::Put(body) => {
            put(transaction, &body.address, &body.value, body.ttl_us, now)?;
            Ok(NULL)
        }
        Operation::Delete(address) => {
            transaction.delete(address)?;
            Ok(NULL)
        }
        Operation::Conditional(body) => conditional::apply(transaction, body, now).map(Text::Owned),
        other => Err(Error::new(Code::Unsupported, format!("{} is not a write", other.kind().name()))),
    }
}

/// Creates or replaces an item and returns its new version.
///
/// created_at is kept only from an item that is still live: an expired one is gone, whether or not
/// it has been reclaimed yet.
pub fn put(
    transaction: &mut dyn Transaction,
    address: &Address,
    value: &Value,
    ttl_us: Option<i64>,
    now: i64,
) -> Result<[u8; 16]> {
    let mut created_at = None;
    transaction.get(address, &mut |record| {
        created_at = record.meta.is_live(now).then_some(record.meta.created_at);
    })?;
    let updated_at = transaction.next_time(now)?;
    let version = new_version();
    let meta = Meta {
        created_at: created_at.unwrap_or(updated_at),
        updated_at,
        version,
        // From the clock and not from `updated_at`, which runs ahead of it where a clock once was wrong.
        expires_at: ttl_us.map(|ttl| now.saturating_add(ttl)),
        ttl_us,
        duplicates: value.duplicates,
    };
    transaction.put(address, Record { value: &value.text, meta })?;
    Ok(version)
}

/// About how many bytes an operation writes.
pub(super) fn bytes(operation: &Operation) -> usize {
    match operation {
        Operation::Put(body) => body.value.text.len(),
        Operation::Conditional(body) => body.write.as_ref().map_or(0, |(value, _)| value.text.len()),
        Operation::Batch(batch) => batch.operations.iter().map(bytes).sum(),
        _ => 0,
    }
}

/// A task inside a job: it is claimed once, although the job may run several times.
pub(super) struct Claim {
    task: Task,
    state: ClaimState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ClaimState {
    Unasked,
    Held,
    /// The caller had its outcome before anything was done.
    Lost,
    /// The deadline has passed, but nobody has said so yet.
    Late,
}

impl Claim {
    pub(super) fn new(task: Task) -> Self {
        Self { task, state: ClaimState::Unasked }
    }

    pub(super) fn task(&self) -> &Task {
        &self.task
    }

    /// Whether nobody waits for the outcome and nothing has been done: the job may be dropped.
    pub(super) fn is_over(&self) -> bool {
        self.state == ClaimState::Unasked && self.task.stopped()
    }

    /// Whether the work may take effect; asks the task the first time.
    ///
    /// Claiming a request whose deadline has passed delivers its outcome, and a callback must not
    /// run inside the write transaction. So that is left to `complete`.
    pub(super) fn take(&mut self) -> bool {
        if self.state == ClaimState::Unasked {
            let late = self.task.deadline().is_some_and(|at| at <= Instant::now());
            self.state = match () {
                () if late => ClaimState::Late,
                () if self.task.claim() => ClaimState::Held,
                () => ClaimState::Lost,
            };
        }
        self.state == ClaimState::Held
    }

    /// Whether nothing was or will be done, because the caller has or gets another outcome.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, ClaimState::Lost | ClaimState::Late)
    }

    /// Delivers the outcome, outside of any transaction.
    pub(super) fn complete(self, outcome: Result<String>) {
        match self.state {
            ClaimState::Unasked | ClaimState::Held => self.task.complete(outcome),
            // The claim is refused and says by which error.
            ClaimState::Late if self.task.claim() => {
                let error = given_up(self.task.deadline());
                self.task.complete(Err(error));
            }
            ClaimState::Late | ClaimState::Lost => {}
        }
    }
}

/// One put, delete or conditional write on its way through the writer.
pub(super) struct WriteJob<E: Engine> {
    shared: Arc<Shared<E>>,
    claim: Claim,
    answer: Option<Text>,
}

impl<E: Engine> WriteJob<E> {
    pub(super) fn new(shared: Arc<Shared<E>>, task: Task) -> Box<Self> {
        Box::new(Self { shared, claim: Claim::new(task), answer: None })
    }
}

impl<E: Engine> Job for WriteJob<E> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.answer = None;
        if self.claim.take() {
            let now = self.shared.clock.now();
            let operation = self.claim.task().operation();
            self.answer = Some(guarded(|| apply(transaction, operation, now))?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let Self { claim, answer, .. } = *self;
        claim.complete(committed.map(|()| answer.unwrap_or(NULL).into_owned()));
    }

    fn expired(&self) -> bool {
        self.claim.is_over()
    }

    fn bytes(&self) -> usize {
        bytes(self.claim.task().operation())
    }
}
