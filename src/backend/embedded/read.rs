//! Reads on a view: get, count, and what every read shares (expiry, work budget, stopping).

use std::ops::ControlFlow;
use std::time::Instant;

use super::engine::{Flow, Scan, View};
use super::refresh::Due;
use super::{batch, list, search};
use crate::error::{Code, Error};
use crate::store::address::Address;
use crate::store::filter::Filter;
use crate::store::item::{Entry, Meta, push_item};
use crate::store::operation::{Get, Operation, Scope};
use crate::store::order::{Order, Position};

/// Rows between two questions whether the answer is still wanted.
const ROWS_PER_STOP_CHECK: usize = 64;
/// So many bytes of a row's value cost as much of the budget as one more row.
const BYTES_PER_ROW: usize = 16 * 1024;

/// Why a read ended without an answer.
#[derive(Debug)]
pub enum Halt {
    /// The work budget is used up; the same read may be tried again without one.
    Budget,
    /// Nobody wants the answer any more.
    Stopped,
    /// The engine failed.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Failed(error)
    }
}

/// Result of a read.
pub type Read<T> = Result<T, Halt>;

/// The circumstances of one read, and what it leaves to do afterwards.
pub struct Reading<'a> {
    /// The time at which items are live or expired, microseconds.
    pub now: i64,
    /// Refreshes that are due because of this read.
    pub due: Vec<Due>,
    slack: f64,
    budget: Option<usize>,
    rows: usize,
    stopped: &'a dyn Fn() -> bool,
}

impl<'a> Reading<'a> {
    /// A read at `now`; with a `budget` it examines at most so many rows. `slack` is the part of a
    /// TTL that must have passed before a refresh is due.
    pub fn new(now: i64, slack: f64, budget: Option<usize>, stopped: &'a dyn Fn() -> bool) -> Self {
        Self { now, due: Vec::new(), slack, budget, rows: 0, stopped }
    }

    /// Whether only bounded work is allowed.
    pub fn bounded(&self) -> bool {
        self.budget.is_some()
    }

    /// Accounts for one examined row with a value of `bytes`.
    pub fn step(&mut self, bytes: usize) -> Read<()> {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_PER_STOP_CHECK) && (self.stopped)() {
            return Err(Halt::Stopped);
        }
        if let Some(left) = &mut self.budget {
            *left = left.checked_sub(1 + bytes / BYTES_PER_ROW).ok_or(Halt::Budget)?;
        }
        Ok(())
    }

    /// Remembers the item for a refresh after the answer, if one is due.
    pub fn refresh(&mut self, path: &str, key: &str, meta: &Meta) {
        if Due::is_due(meta, self.now, self.slack) {
            let address = Address::new(path, key);
            self.due.push(Due { address, version: meta.version, read: self.now, asked: Instant::now() });
        }
    }
}

/// Answers a get, search, list_namespaces, count or a batch of these.
pub fn read(view: &mut dyn View, operation: &Operation, reading: &mut Reading<'_>) -> Read<String> {
    match operation {
        Operation::Get(body) => get(view, body, reading),
        Operation::Search(body) => search::search(view, body, reading),
        Operation::ListNamespaces(body) => list::list_namespaces(view, body, reading),
        Operation::Count(body) => Ok(count(view, body, reading)?.to_string()),
        Operation::Batch(body) => batch::read_all(view, body, reading),
        other => {
            let message = format!("{} is not a read", other.kind().name());
            Err(Halt::Failed(Error::new(Code::Unsupported, message)))
        }
    }
}

fn get(view: &mut dyn View, get: &Get, reading: &mut Reading<'_>) -> Read<String> {
    let mut answer = String::new();
    view.get(&get.address, &mut |record| {
        if record.meta.is_live(reading.now) {
            let (path, key) = (get.address.path(), get.address.key());
            push_item(&mut answer, &Entry { path, key, record });
            if get.refresh {
                reading.refresh(path, key, &record.meta);
            }
        }
    })?;
    if answer.is_empty() {
        answer.push_str("null");
    }
    Ok(answer)
}

fn count(view: &mut dyn View, scope: &Scope, reading: &mut Reading<'_>) -> Read<u64> {
    let mut number = 0;
    visit_matches(view, scope, None, reading, &mut |_| {
        number += 1;
        ControlFlow::Continue(())
    })?;
    Ok(number)
}

/// Accounts for an entry and says whether it is live and matches.
pub fn examine(entry: &Entry<'_>, filter: Option<&Filter>, reading: &mut Reading<'_>) -> Read<bool> {
    let record = &entry.record;
    reading.step(record.value.len())?;
    Ok(record.meta.is_live(reading.now)
        && filter.is_none_or(|filter| filter.matches(record.value, record.meta.duplicates)))
}

/// Visits the live entries of `scope` that match, by namespace and key, after `after`.
pub fn visit_matches(
    view: &mut dyn View,
    scope: &Scope,
    after: Option<&Position>,
    reading: &mut Reading<'_>,
    found: &mut dyn FnMut(&Entry<'_>) -> Flow,
) -> Read<()> {
    let mut halt = None;
    let filter = scope.filter.as_ref();
    let scan = Scan { scope: scope.prefix.path(), order: Order::KEY, after, filter };
    view.scan(&scan, &mut |entry| match examine(&entry, filter, reading) {
        Ok(true) => found(&entry),
        Ok(false) => ControlFlow::Continue(()),
        Err(reason) => {
            halt = Some(reason);
            ControlFlow::Break(())
        }
    })?;
    halt.map_or(Ok(()), Err)
}
