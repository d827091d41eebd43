//! Reads on a view: get, count, and what every read shares (expiry, work budget, stopping).

use std::cell::Cell;
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
    meter: Meter<'a>,
}

/// What a read has cost so far, and whether it may go on. Cells, because the two callbacks of a
/// scan both account.
pub struct Meter<'a> {
    now: i64,
    budget: Cell<Option<usize>>,
    rows: Cell<usize>,
    stopped: &'a dyn Fn() -> bool,
    /// Why `skip` ended a scan.
    halt: Cell<Option<Halt>>,
}

/// Where a read notes which items' expiry is to be moved.
pub struct Refreshing<'a> {
    due: &'a mut Vec<Due>,
    now: i64,
    slack: f64,
}

impl<'a> Reading<'a> {
    /// A read at `now`; with a `budget` it examines at most so many rows. `slack` is the part of a
    /// TTL that must have passed before a refresh is due.
    pub fn new(now: i64, slack: f64, budget: Option<usize>, stopped: &'a dyn Fn() -> bool) -> Self {
        let (budget, rows, halt) = (Cell::new(budget), Cell::new(0), Cell::new(None));
        Self { now, due: Vec::new(), slack, meter: Meter { now, budget, rows, stopped, halt } }
    }

    /// Whether only bounded work is allowed.
    pub fn bounded(&self) -> bool {
        self.meter.budget.get().is_some()
    }

    /// Accounts for one examined row with a value of `bytes`.
    pub fn step(&self, bytes: usize) -> Read<()> {
        self.meter.step(bytes)
    }

    /// The two things that a scan's callbacks need.
    pub fn split(&mut self) -> (&Meter<'a>, Refreshing<'_>) {
        (&self.meter, Refreshing { due: &mut self.due, now: self.now, slack: self.slack })
    }
}

impl Meter<'_> {
    /// Accounts for one examined row with a value of `bytes`.
    fn step(&self, bytes: usize) -> Read<()> {
        self.rows.set(self.rows.get() + 1);
        if self.rows.get().is_multiple_of(ROWS_PER_STOP_CHECK) && (self.stopped)() {
            return Err(Halt::Stopped);
        }
        if let Some(left) = self.budget.get() {
            let left = left.checked_sub(1 + bytes / BYTES_PER_ROW).ok_or(Halt::Budget)?;
            self.budget.set(Some(left));
        }
        Ok(())
    }

    /// Accounts for a row that the engine passes over; a break is kept for `finish`.
    pub fn skip(&self, bytes: usize) -> Flow {
        match self.step(bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(halt) => {
                self.halt.set(Some(halt));
                ControlFlow::Break(())
            }
        }
    }

    /// Why `skip` broke the scan off, if it did.
    pub fn finish(&self) -> Read<()> {
        self.halt.take().map_or(Ok(()), Err)
    }

    /// Accounts for an entry and says whether it is live and matches.
    pub fn examine(&self, entry: &Entry<'_>, filter: Option<&Filter>) -> Read<bool> {
        let record = &entry.record;
        self.step(record.value.len())?;
        Ok(record.meta.is_live(self.now)
            && filter.is_none_or(|filter| filter.matches(record.value, record.meta.duplicates)))
    }
}

impl Refreshing<'_> {
    /// Remembers the item for a refresh after the answer, if one is due.
    pub fn refresh(&mut self, path: &str, key: &str, meta: &Meta) {
        if meta.is_refresh_due(self.now, self.slack) {
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
                reading.split().1.refresh(path, key, &record.meta);
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
    let (meter, _) = reading.split();
    let skip = |bytes| meter.skip(bytes);
    let scan = Scan { scope: scope.prefix.path(), order: Order::KEY, after, filter, skip: Some(&skip) };
    view.scan(&scan, &mut |entry| match meter.examine(&entry, filter) {
        Ok(true) => found(&entry),
        Ok(false) => ControlFlow::Continue(()),
        Err(reason) => {
            halt = Some(reason);
            ControlFlow::Break(())
        }
    })?;
    halt.map_or_else(|| meter.finish(), Err)
}
