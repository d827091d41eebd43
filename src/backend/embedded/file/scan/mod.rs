//! Walking items in an order.
//!
//! Three ways lead to the same entries in the same order, and differ only in cost:
//! * a **walk** along the order's index, which stops when the caller has enough;
//! * a **collection**: the matching rows of the scope, or of the whole table in the order of its
//!   pages, are gathered as places (no values), sorted, and read one by one. It costs all of the
//!   scope, but per row only a fraction of a walk's scattered look-ups;
//! * a **declared index**, which gives candidates for a filter.
//!
//! Nobody knows beforehand how far the caller will go, so a walk gives up for a collection when it
//! has examined about as much as the collection costs and found almost nothing: the whole is then
//! never more than a small multiple of the better way.

mod collect;
mod keys;
mod members;
mod times;

pub use self::members::Candidates;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use super::error::map;
use super::members::is_missing;
use super::row;
use super::session::{Session, bind_range};
use super::sql::Which;
use crate::backend::embedded::engine::{Flow, Scan};
use crate::error::Result;
use crate::store::address::{in_scope, scope_end};
use crate::store::filter::Filter;
use crate::store::item::{Entry, Record};
use crate::store::order::{Order, Position, SortBy};

/// A scope of at most this many rows is collected at once when the order is by time.
const SMALL_SCOPE: u64 = 512;
/// Rows that a walk examines at least before it may give up.
const PATIENCE: u64 = 1_024;
/// A walk gives up while fewer than one of this many examined rows was wanted.
const RARE: u64 = 64;
/// Namespaces that are looked at to learn the size of a scope.
const SIZED_NAMESPACES: usize = 256;

/// Runs the scan; several statements, so the caller holds a snapshot or is in a transaction.
pub fn scan(session: &Session, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
    let total = session.total()?;
    let size = scope_size(session, scan.scope)?.unwrap_or(total).min(total);
    let (filter, skip) = (scan.filter.filter(|filter| !filter.is_empty()), scan.skip);
    let mut visitor = Visitor { filter, skip, visit, examined: 0, delivered: 0, check_at: u64::MAX };
    let scan = &Scan { filter, ..*scan };
    let candidates = match filter {
        Some(filter) if size > SMALL_SCOPE => Candidates::new(filter, session.members()),
        _ => None,
    };
    match run(session, scan, (size, total), candidates.as_ref(), &mut visitor) {
        // Another process, with another configuration, has dropped the index. It shows at the first
        // step of a statement: in one snapshot the schema does not change.
        Err(error) if is_missing(&error) => run(session, scan, (size, total), None, &mut visitor),
        result => result,
    }
}

fn run(
    session: &Session,
    scan: &Scan<'_>,
    (size, total): (u64, u64),
    candidates: Option<&Candidates<'_>>,
    visitor: &mut Visitor<'_>,
) -> Result<()> {
    let after = scan.after.map(Resume::from);
    let by_time = scan.order.by != SortBy::Key;
    if by_time && size <= SMALL_SCOPE {
        return collect::run(session, scan, after, &Source::Scope, visitor);
    }
    // Candidates that stand in the order asked for are walked; others are sorted, if they are few.
    let walked = candidates.filter(|one| one.ordered && scan.order.by == SortBy::UpdatedAt);
    if let (Some(few), None) = (candidates, walked)
        && few.are_few(session, total)?
    {
        return collect::run(session, scan, after, &Source::Candidates(few), visitor);
    }
    let ended = if by_time {
        visitor.check_at = PATIENCE.max(total / 8).min(size.max(PATIENCE));
        times::walk(session, scan, after, walked, visitor)?
    } else {
        // In the order of keys a walk never leaves its scope: only a filter makes it long, and only
        // over most of the table is reading all pages in turn cheaper.
        if scan.filter.is_some() && size.saturating_mul(2) >= total {
            visitor.check_at = PATIENCE.max(size / 8);
        }
        keys::walk(session, scan, after, visitor)?
    };
    match ended {
        Ended::Done => Ok(()),
        Ended::GaveUp(after) => {
            let whole = size.saturating_mul(3) >= total;
            let source = if whole { Source::Table } else { Source::Scope };
            collect::run(session, scan, after, &source, visitor)
        }
    }
}

/// What a collection reads.
enum Source<'a> {
    /// The whole table, in the order of its pages.
    Table,
    /// The scope's namespaces.
    Scope,
    /// What a declared index gives.
    Candidates(&'a Candidates<'a>),
}

/// How a walk ended.
enum Ended {
    /// At the end, or by the caller.
    Done,
    /// Too much examined for too little found; a collection must go on after this.
    GaveUp(Option<Resume>),
}

/// Where to go on: after an item, or after everything of one time.
#[derive(Clone, Debug)]
struct Resume {
    time: i64,
    place: Option<(String, String)>,
}

impl From<&Position> for Resume {
    fn from(position: &Position) -> Self {
        Self { time: position.time_us, place: Some((position.path.clone(), position.key.clone())) }
    }
}

impl Resume {
    /// Whether an entry of this time and place comes after.
    fn admits(&self, order: Order, time: i64, path: &str, key: &str) -> bool {
        match &self.place {
            Some((p, k)) => order.compare((time, path, key), (self.time, p, k)) == Ordering::Greater,
            None if order.descending => time < self.time,
            None => time > self.time,
        }
    }
}

/// The caller's side of a scan.
struct Visitor<'a> {
    filter: Option<&'a Filter>,
    skip: Option<&'a dyn Fn(usize) -> Flow>,
    visit: &'a mut dyn FnMut(Entry<'_>) -> Flow,
    examined: u64,
    delivered: u64,
    /// How many rows may be examined before the yield is looked at.
    check_at: u64,
}

impl Visitor<'_> {
    /// Whether the filter wants the record.
    fn wants(&self, record: &Record<'_>) -> bool {
        self.filter.is_none_or(|filter| filter.matches(record.value, record.meta.duplicates))
    }

    /// Accounts for a row that is not handed out; false when the caller wants no more of that.
    fn pass(&self, bytes: usize) -> bool {
        self.skip.is_none_or(|skip| skip(bytes).is_continue())
    }

    /// Hands an entry out; false when the caller has enough.
    fn deliver(&mut self, entry: Entry<'_>) -> bool {
        self.delivered += 1;
        (self.visit)(entry).is_continue()
    }

    /// Whether a walk should give up; asks again after as much again.
    fn hopeless(&mut self) -> bool {
        if self.examined < self.check_at {
            return false;
        }
        self.check_at = self.check_at.saturating_mul(2);
        self.delivered.saturating_mul(RARE) < self.examined
    }
}

/// Which namespaces of this scan lie in its scope, by id, and their paths.
struct Paths<'a> {
    session: &'a Session,
    scope: &'a str,
    known: HashMap<i64, Option<Rc<str>>>,
    last: Option<(i64, Option<Rc<str>>)>,
}

impl<'a> Paths<'a> {
    fn new(session: &'a Session, scope: &'a str) -> Self {
        Self { session, scope, known: HashMap::new(), last: None }
    }

    /// The path, or `None` outside the scope.
    fn of(&mut self, id: i64) -> Result<Option<Rc<str>>> {
        if let Some((last, path)) = &self.last
            && *last == id
        {
            return Ok(path.clone());
        }
        let path = match self.known.get(&id) {
            Some(path) => path.clone(),
            None => {
                let scope = self.scope;
                let path =
                    self.session.with_path(id, |path| in_scope(scope, path).then(|| Rc::from(path)))?;
                self.known.insert(id, path.clone());
                path
            }
        };
        self.last = Some((id, path.clone()));
        Ok(path)
    }
}

/// Items in scope, expired ones included; `None` when there are too many namespaces to ask.
fn scope_size(session: &Session, scope: &str) -> Result<Option<u64>> {
    if scope.is_empty() {
        return Ok(None);
    }
    let mut size = 0u64;
    let mut seen = 0;
    each_namespace(session, scope, &mut |_, items| {
        size = size.saturating_add(items);
        seen += 1;
        Ok(seen <= SIZED_NAMESPACES)
    })?;
    Ok((seen <= SIZED_NAMESPACES).then_some(size))
}

/// Calls `with` with id and number of items of each namespace in scope until it says false.
fn each_namespace(
    session: &Session,
    scope: &str,
    with: &mut dyn FnMut(i64, u64) -> Result<bool>,
) -> Result<()> {
    let mut lease = session.lease(Which::Sizes)?;
    bind_range(&mut lease, scope, scope_end(scope).as_deref())?;
    let mut rows = lease.rows();
    while let Some(row) = rows.next().map_err(map)? {
        if !with(row::integer(row, 0)?, row::integer(row, 1)?.max(0) as u64)? {
            break;
        }
    }
    Ok(())
}
