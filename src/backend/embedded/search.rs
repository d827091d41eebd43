//! Search without a query: scope, expiry, filter, order, offset, limit, cursor.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::engine::{Flow, Scan, View};
use super::read::{Read, Reading, Refreshing, visit_matches};
use crate::json::text::push_string;
use crate::store::address::Address;
use crate::store::cursor;
use crate::store::item::{Entry, Meta, push_item};
use crate::store::operation::Search;
use crate::store::order::{Position, SortBy};

/// Answers `{"items":[…],"cursor"?:…}`.
///
/// The cursor is there exactly when the page is full, so more may follow. Whether more does is not
/// found out: with a rare filter that would cost as much as the next page.
pub fn search(view: &mut dyn View, search: &Search, reading: &mut Reading<'_>) -> Read<String> {
    if search.limit == 0 {
        return Ok("{\"items\":[]}".to_owned());
    }
    // An engine may walk the index of the whole store to answer an order by time in a small scope,
    // and those steps are not seen here. Bounded work therefore sorts the scope itself.
    if reading.bounded() && search.order.by != SortBy::Key && !search.scope.prefix.is_root() {
        return search_sorted(view, search, reading);
    }
    let mut page = Page::new(search);
    let mut halt = None;
    let filter = search.scope.filter.as_ref();
    let after = search.after.as_ref();
    let (meter, mut refreshing) = reading.split();
    let skip = |bytes| meter.skip(bytes);
    let (scope, order) = (search.scope.prefix.path(), search.order);
    let scan = Scan { scope, order, after, filter, skip: Some(&skip) };
    view.scan(&scan, &mut |entry| match meter.examine(&entry, filter) {
        Ok(true) => page.found(&entry, &mut refreshing),
        Ok(false) => ControlFlow::Continue(()),
        Err(reason) => {
            halt = Some(reason);
            ControlFlow::Break(())
        }
    })?;
    halt.map_or_else(|| meter.finish(), Err)?;
    Ok(page.finish())
}

/// The same answer from a scope that fits the budget: its matches are sorted, then read one by one.
fn search_sorted(view: &mut dyn View, search: &Search, reading: &mut Reading<'_>) -> Read<String> {
    let order = search.order;
    let mut places: Vec<(i64, Address)> = Vec::new();
    visit_matches(view, &search.scope, None, reading, &mut |entry| {
        let time = time_of(order.by, &entry.record.meta);
        let later = search.after.as_ref().is_none_or(|after| {
            let position = (after.time_us, after.path.as_str(), after.key.as_str());
            order.compare((time, entry.path, entry.key), position) == Ordering::Greater
        });
        if later {
            places.push((time, Address::new(entry.path, entry.key)));
        }
        ControlFlow::Continue(())
    })?;
    places.sort_unstable_by(|a, b| order.compare((a.0, a.1.path(), a.1.key()), (b.0, b.1.path(), b.1.key())));
    let mut page = Page::new(search);
    page.skip = 0;
    let (_, mut refreshing) = reading.split();
    for (_, address) in places.iter().skip(search.offset).take(search.limit) {
        view.get(address, &mut |record| {
            let _ = page.found(&Entry { path: address.path(), key: address.key(), record }, &mut refreshing);
        })?;
    }
    Ok(page.finish())
}

fn time_of(by: SortBy, meta: &Meta) -> i64 {
    match by {
        SortBy::Key => 0,
        SortBy::UpdatedAt => meta.updated_at,
        SortBy::CreatedAt => meta.created_at,
    }
}

/// The answer while it grows: matches go into its text at once, none is held.
struct Page<'a> {
    search: &'a Search,
    out: String,
    skip: usize,
    taken: usize,
    /// The item that made the page full.
    last: Option<Position>,
}

impl<'a> Page<'a> {
    fn new(search: &'a Search) -> Self {
        let mut out = String::with_capacity(256);
        out.push_str("{\"items\":[");
        Self { search, out, skip: search.offset, taken: 0, last: None }
    }

    fn found(&mut self, entry: &Entry<'_>, refreshing: &mut Refreshing<'_>) -> Flow {
        if self.skip > 0 {
            self.skip -= 1;
            return ControlFlow::Continue(());
        }
        if self.taken > 0 {
            self.out.push(',');
        }
        push_item(&mut self.out, entry);
        self.taken += 1;
        let meta = &entry.record.meta;
        if self.search.refresh {
            refreshing.refresh(entry.path, entry.key, meta);
        }
        if self.taken < self.search.limit {
            return ControlFlow::Continue(());
        }
        self.last = Some(Position {
            time_us: time_of(self.search.order.by, meta),
            path: entry.path.to_owned(),
            key: entry.key.to_owned(),
        });
        ControlFlow::Break(())
    }

    fn finish(mut self) -> String {
        self.out.push(']');
        if let Some(last) = &self.last {
            self.out.push_str(",\"cursor\":");
            push_string(&mut self.out, &cursor::encode(last, self.search.fingerprint));
        }
        self.out.push('}');
        self.out
    }
}
