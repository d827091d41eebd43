//! Search without a query: one namespace or all below a prefix, filtered here, row by row as pages come.
//!
//! By key a search stops as soon as its page is full. An order by time needs all matches; it keeps the
//! best `offset + limit` of them and reads at most `search.max_examined` rows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::cluster::{Call, Cluster};
use super::get::unreadable;
use super::row::Row;
use super::scan::{Columns, Content, Walk};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::address::Address;
use crate::store::filter::Filter;
use crate::store::item::{Entry, Meta, Record};
use crate::store::operation::Search;
use crate::store::order::{Order, SortBy};
use crate::store::page::Page;

/// Rows of the first page of a search that a filter may let through or not.
const FIRST_FILTERED: usize = 64;
/// Each further page wants so many times more.
const GROWTH: usize = 4;

impl Cluster {
    /// Answers `{"items":[…],"cursor"?:…}`.
    pub(super) async fn search(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        search: &Search,
    ) -> Result<String> {
        match search.order.by {
            SortBy::Key => self.search_by_key(call, task, search).await,
            SortBy::UpdatedAt | SortBy::CreatedAt => self.search_by_time(call, task, search).await,
        }
    }

    async fn search_by_key(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        search: &Search,
    ) -> Result<String> {
        let filter = search.scope.filter.as_ref();
        let place = (search.order.descending, search.after.as_ref());
        let mut page = Page::new(search);
        let mut walk = Walk::new(self, call, &search.scope, place, (search.page_size, filter.is_some()));
        let mut filtered = page.needed().saturating_mul(GROWTH).max(FIRST_FILTERED);
        while !page.is_full() {
            go_on(task)?;
            // What the offset passes over need not be seen, unless a filter asks for it.
            let (wanted, columns) = match (filter, page.to_skip()) {
                (Some(_), _) => (filtered, Columns::Items),
                (None, 0) => (page.needed(), Columns::Items),
                (None, skip) => (skip, Columns::Keys),
            };
            filtered = filtered.saturating_mul(GROWTH);
            let Some(rows) = walk.next(wanted, columns).await? else { break };
            match rows.rows {
                Content::Items(items) => self.show(&mut page, search, &rows.path, &items)?,
                Content::Keys(keys) => {
                    let skipped = page.to_skip().min(keys.len());
                    page.pass(skipped);
                    if page.to_skip() == 0 {
                        walk.restart(&rows.path, skipped.checked_sub(1).map(|last| keys[last].0.as_str()));
                    }
                }
            }
        }
        Ok(page.finish())
    }

    /// Gives the page the matches among these rows.
    fn show(
        &self,
        page: &mut Page<'_>,
        search: &Search,
        path: &str,
        rows: &scylla::response::query_result::QueryRowsResult,
    ) -> Result<()> {
        let now = self.clock.now();
        for row in rows.rows::<Row<'_>>().map_err(|error| unreadable(&error))? {
            let row = row.map_err(|error| unreadable(&error))?;
            let Some(record) = self.match_row(&row, path, search.scope.filter.as_ref(), now)? else {
                continue;
            };
            if page.push(&Entry { path, key: row.key, record }) && search.refresh {
                self.refresh(&Address::new(path, row.key), &record, row.write_time, now);
            }
            if page.is_full() {
                break;
            }
        }
        Ok(())
    }

    /// The row's item, if it holds one that matches. A value that is not a JSON object is counted and
    /// passed over: one bad row of an adopted table must not hide the others.
    pub(super) fn match_row<'r>(
        &self,
        row: &Row<'r>,
        path: &str,
        filter: Option<&Filter>,
        now: i64,
    ) -> Result<Option<Record<'r>>> {
        let record = match row.record(now) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) if error.code() == Code::Corrupt => {
                self.scans.pass_over();
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // A put by somebody who has seen the row must win over it.
        if let Some(time) = row.write_time.filter(|time| *time >= now) {
            self.times.note(self.key(&Address::new(path, row.key)), time);
        }
        let matches = filter.is_none_or(|filter| filter.matches(record.value, record.meta.duplicates));
        Ok(matches.then_some(record))
    }

    async fn search_by_time(
        self: &Arc<Self>,
        call: &Call<'_>,
        task: &Task,
        search: &Search,
    ) -> Result<String> {
        let mut page = Page::new(search);
        if page.is_full() {
            return Ok(page.finish());
        }
        let mut best = Best::new(search);
        let mut walk = Walk::new(self, call, &search.scope, (false, None), (search.page_size, true));
        let most = self.config.search.max_examined;
        let mut examined = 0;
        while let Some(rows) = walk.next(usize::MAX, Columns::Items).await? {
            go_on(task)?;
            let Content::Items(items) = rows.rows else { continue };
            examined += items.rows_num();
            if examined > most {
                return Err(too_many(most));
            }
            let now = self.clock.now();
            for row in items.rows::<Row<'_>>().map_err(|error| unreadable(&error))? {
                let row = row.map_err(|error| unreadable(&error))?;
                if let Some(record) = self.match_row(&row, &rows.path, search.scope.filter.as_ref(), now)? {
                    best.offer(&rows.path, &row, &record);
                }
            }
        }
        for held in best.sorted() {
            let entry = held.entry();
            if page.push(&entry) && search.refresh {
                let address = Address::new(entry.path, entry.key);
                self.refresh(&address, &entry.record, held.write_time, self.clock.now());
            }
        }
        Ok(page.finish())
    }
}

/// Asks between two pages whether the outcome is still wanted.
pub(super) fn go_on(task: &Task) -> Result<()> {
    if task.stopped() {
        // The caller has its outcome already.
        return Err(Error::new(Code::Cancelled, "the request was stopped"));
    }
    Ok(())
}

fn too_many(most: usize) -> Error {
    let text = format!(
        "this order needs every match, and the scope holds more than {most} rows (`search.max_examined`): \
         narrow the prefix, or use `order: key` with cursors"
    );
    Error::invalid("order", text).with_details(format!("{{\"max_examined\":{most}}}"))
}

/// The first `offset + limit` matches in an order, of all that are offered.
struct Best<'s> {
    search: &'s Search,
    most: usize,
    /// The last of them on top.
    heap: BinaryHeap<Held>,
}

/// A match that is kept.
struct Held {
    order: Order,
    time: i64,
    path: Arc<str>,
    key: Box<str>,
    value: Box<str>,
    meta: Meta,
    write_time: Option<i64>,
}

impl<'s> Best<'s> {
    fn new(search: &'s Search) -> Self {
        Self { search, most: search.offset.saturating_add(search.limit), heap: BinaryHeap::new() }
    }

    fn offer(&mut self, path: &Arc<str>, row: &Row<'_>, record: &Record<'_>) {
        let order = self.search.order;
        let time = order.by.time_of(&record.meta);
        let place = (time, &**path, row.key);
        if let Some(after) = &self.search.after
            && order.compare(place, (after.time_us, &after.path, &after.key)) != Ordering::Greater
        {
            return;
        }
        if self.heap.len() == self.most {
            let worse = |last: &Held| order.compare(place, last.place()) != Ordering::Less;
            if self.heap.peek().is_none_or(worse) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(Held {
            order,
            time,
            path: Arc::clone(path),
            key: row.key.into(),
            value: record.value.into(),
            meta: record.meta,
            write_time: row.write_time,
        });
    }

    fn sorted(self) -> Vec<Held> {
        self.heap.into_sorted_vec()
    }
}

impl Held {
    fn place(&self) -> (i64, &str, &str) {
        (self.time, &self.path, &self.key)
    }

    fn entry(&self) -> Entry<'_> {
        Entry { path: &self.path, key: &self.key, record: Record { value: &self.value, meta: self.meta } }
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.compare(self.place(), other.place())
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Held {}
