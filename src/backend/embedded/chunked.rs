//! Writes of any size in chunks, so that other writers get their turn: delete_prefix and sweep.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::engine::{Engine, Job, Transaction, View};
use super::read::Reading;
use super::write::Claim;
use super::{Shared, engine::Scan, guarded};
use crate::error::Result;
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::operation::{Operation, Scope};
use crate::store::order::{Order, Position};

/// Items that one chunk removes at most.
pub const CHUNK_ITEMS: usize = 1_000;
/// Rows that one chunk of delete_prefix examines at most.
pub const CHUNK_ROWS: usize = 4_000;

/// What one chunk has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Items removed.
    pub removed: usize,
    /// Where the next chunk goes on; `None` = all is done.
    pub next: Option<Position>,
}

/// Removes the next live, matching items of `scope` after `after`, by namespace and key.
pub fn delete_chunk(
    transaction: &mut dyn Transaction,
    scope: &Scope,
    after: Option<&Position>,
    now: i64,
) -> Result<Chunk> {
    let mut reading = Reading::new(now, 0.0, None, &|| false);
    let mut found: Vec<Address> = Vec::new();
    let (mut rows, mut next) = (0, None);
    let filter = scope.filter.as_ref();
    // The engine is not given the filter: it might pass over any number of rows in one transaction,
    // in which other writers wait, and the chunk's end would not be known.
    let scan = Scan { scope: scope.prefix.path(), order: Order::KEY, after, filter: None, skip: None };
    let (meter, _) = reading.split();
    View::scan(transaction, &scan, &mut |entry| {
        if let Ok(true) = meter.examine(&entry, filter) {
            found.push(Address::new(entry.path, entry.key));
        }
        rows += 1;
        if found.len() < CHUNK_ITEMS && rows < CHUNK_ROWS {
            return ControlFlow::Continue(());
        }
        next = Some(Position { time_us: 0, path: entry.path.to_owned(), key: entry.key.to_owned() });
        ControlFlow::Break(())
    })?;
    let mut chunk = Chunk { removed: 0, next };
    for address in &found {
        chunk.removed += usize::from(transaction.delete(address)?);
    }
    Ok(chunk)
}

/// Reclaims the next expired items. `next` is only a sign that there may be more.
pub fn sweep_chunk(transaction: &mut dyn Transaction, now: i64) -> Result<Chunk> {
    let removed = transaction.reclaim(now, CHUNK_ITEMS)?;
    let more = removed >= CHUNK_ITEMS;
    let next = more.then(|| Position { time_us: now, path: String::new(), key: String::new() });
    Ok(Chunk { removed, next })
}

/// The sweeper's turn: one sweep at a time, so that sweeps do not pile up behind a writer that can't write.
pub(super) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// `None` while another one lives.
    pub(super) fn take(taken: &Arc<AtomicBool>) -> Option<Self> {
        (!taken.swap(true, Ordering::AcqRel)).then(|| Self(taken.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The next chunk of a request (or, without one, of the sweeper).
pub(super) struct ChunkJob<E: Engine> {
    shared: Arc<Shared<E>>,
    claim: Option<Claim>,
    after: Option<Position>,
    removed: u64,
    chunk: Chunk,
    /// The sweeper's own: it sends no other one while this lives.
    _turn: Option<Turn>,
}

impl<E: Engine> ChunkJob<E> {
    /// The first chunk of a delete_prefix or sweep request.
    pub(super) fn new(shared: Arc<Shared<E>>, task: Task) -> Box<Self> {
        Self::first(shared, Some(Claim::new(task)), None)
    }

    /// The first chunk of the sweeper's own sweep.
    pub(super) fn sweep(shared: Arc<Shared<E>>, turn: Turn) -> Box<Self> {
        Self::first(shared, None, Some(turn))
    }

    fn first(shared: Arc<Shared<E>>, claim: Option<Claim>, turn: Option<Turn>) -> Box<Self> {
        Box::new(Self { shared, claim, after: None, removed: 0, chunk: Chunk::default(), _turn: turn })
    }
}

impl<E: Engine> Job for ChunkJob<E> {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.chunk = Chunk::default();
        let mut operation = None;
        if let Some(claim) = &mut self.claim {
            // Between chunks the work ends when its outcome has already been given.
            if !claim.take() || (self.after.is_some() && claim.task().stopped()) {
                return Ok(());
            }
            operation = Some(claim.task().operation());
        }
        let now = self.shared.clock.now();
        let after = self.after.as_ref();
        self.chunk = guarded(|| match operation {
            Some(Operation::DeletePrefix(scope)) => delete_chunk(transaction, scope, after, now),
            _ => sweep_chunk(transaction, now),
        })?;
        Ok(())
    }

    fn finish(mut self: Box<Self>, committed: Result<()>) {
        let outcome = match committed {
            Ok(()) => {
                self.removed += self.chunk.removed as u64;
                self.after = self.chunk.next.take();
                if self.after.is_some() && !self.shared.is_closed() {
                    let shared = self.shared.clone();
                    return shared.submit_later(self);
                }
                Ok(self.removed.to_string())
            }
            Err(error) if self.removed > 0 => Err(error.may_have_applied()),
            Err(error) => Err(error),
        };
        if let Some(claim) = self.claim {
            claim.complete(outcome);
        }
    }
}
