//! What an embedded engine must offer: ordered storage with snapshots and a writer that groups.
//!
//! Everything an operation means (expiry, filters, created_at, versions, conditions, batches) is
//! done once above these traits, in this folder's `read`, `search`, `list`, `write` and `batch`.

use std::ops::ControlFlow;
use std::path::Path;

use crate::error::Result;
use crate::store::address::Address;
use crate::store::filter::Filter;
use crate::store::item::{Entry, Record};
use crate::store::order::{Order, Position};

/// Says whether a walk goes on.
pub type Flow = ControlFlow<()>;

/// A walk over stored items, expired ones included.
#[derive(Clone, Copy)]
pub struct Scan<'a> {
    /// Joined path: the namespace itself and everything below it, by labels; empty = everything.
    pub scope: &'a str,
    /// In which order entries are visited.
    pub order: Order,
    /// Start right after this place of the order.
    pub after: Option<&'a Position>,
    /// Only entries that match are wanted. An engine may use it to pass over rows that surely do
    /// not match (a declared index); it must never pass over one that does. The caller checks again.
    pub filter: Option<&'a Filter>,
    /// Told of rows that the engine examines without a visit (because of `filter`, or because they
    /// lie elsewhere), with the bytes that were looked at; a break ends the scan like one of `visit`.
    pub skip: Option<&'a dyn Fn(usize) -> Flow>,
}

/// One consistent state of the store. Reads through it see nothing that is written meanwhile.
pub trait View: Send {
    /// Calls `found` with the item at `address`, expired or not; false when there is none.
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool>;

    /// Visits entries in order until `visit` breaks.
    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()>;

    /// Visits the joined paths of namespaces in scope that hold an item live at `now`, ascending,
    /// from the first path greater than or equal to `from`.
    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> Flow,
    ) -> Result<()>;
}

/// The one writer's view: it sees its own changes.
pub trait Transaction: View {
    /// A time for the next write: `max(now, greatest time handed out or stored + 1)`, microseconds.
    fn next_time(&mut self, now: i64) -> Result<i64>;

    /// Inserts or replaces.
    fn put(&mut self, address: &Address, record: Record<'_>) -> Result<()>;

    /// Removes; false when there was nothing.
    fn delete(&mut self, address: &Address) -> Result<bool>;

    /// Sets the expiry of an existing item and nothing else.
    fn touch(&mut self, address: &Address, expires_at: i64) -> Result<()>;

    /// Removes at most `max` items whose expiry is at or before `now`; returns how many.
    fn reclaim(&mut self, now: i64, max: usize) -> Result<usize>;
}

/// A write waiting for its turn.
///
/// The engine runs queued jobs one after another inside one transaction and commits once. A job's
/// error rolls the group back; the others run again without it, so `run` must be repeatable.
pub trait Job: Send {
    /// Does the work. `Err` only when the engine failed; a condition that does not hold is `Ok`.
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()>;

    /// Called once, after the commit (`Ok`) or when nothing of this job was applied (`Err`, or
    /// `UnknownOutcome` where the commit itself failed in doubt). A job that is dropped instead was
    /// never applied.
    fn finish(self: Box<Self>, committed: Result<()>);

    /// Whether nobody waits for the outcome any more. A job that says so may be dropped while the
    /// engine can't write (another process holds the file's lock).
    fn expired(&self) -> bool {
        false
    }

    /// About how many bytes it writes, for the size of groups.
    fn bytes(&self) -> usize {
        0
    }
}

/// A write that was done at once.
pub struct Now {
    /// How it went.
    pub outcome: Result<()>,
    /// Others queued their writes meanwhile and count on this one: `run_left` is owed, on a thread of the library.
    pub left: bool,
}

/// An ordered engine in this process.
pub trait Engine: Send + Sync + 'static {
    /// Its read views; owned, so that a long scan can move to another thread.
    type View: View + 'static;

    /// The name in configuration and logs.
    fn name(&self) -> &'static str;

    /// Opens files and threads; idempotent; blocks. Until it has succeeded `view` fails with its error.
    fn open(&self) -> Result<()>;

    /// A snapshot of now, or `None` when that would have to wait (`wait` false).
    fn view(&self, wait: bool) -> Result<Option<Self::View>>;

    /// Like `view`, for exactly one read; may cost less, because no snapshot has to be kept. A
    /// second read through it may see a later state.
    fn single(&self, wait: bool) -> Result<Option<Self::View>> {
        self.view(wait)
    }

    /// Runs `work` as a write of its own on this thread, where that takes no I/O and no waiting, not even for
    /// another write; `None` = it does, and nothing was done. A failure of `work` leaves no trace.
    fn write_now(&self, work: &mut dyn FnMut(&mut dyn Transaction) -> Result<()>) -> Option<Now> {
        let _ = work;
        None
    }

    /// Runs what is queued, if nobody else does; for whoever was told so by `write_now`.
    fn run_left(&self) {}

    /// Queues a write; jobs run in the order of submission. Never blocks on I/O of a file.
    fn submit(&self, job: Box<dyn Job>);

    /// Copies a consistent state into a new file while others read and write.
    fn backup(&self, target: &Path) -> Result<()>;

    /// Facts for health and info: pairs of name and JSON text.
    fn facts(&self) -> Vec<(&'static str, String)>;

    /// Finishes or drops queued jobs and releases everything; blocks.
    fn close(&self);
}
