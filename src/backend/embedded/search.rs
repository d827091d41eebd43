//! Search without a query on a view: scope, expiry, filter, order.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::engine::{Flow, Scan, View};
use super::read::{Read, Reading, Refreshing, visit_matches};
use crate::store::address::Address;
use crate::store::item::Entry;
use crate::store::operation::Search;
use crate::store::order::SortBy;
use crate::store::page::Page;

/// Answers `{"items":[…],"cursor"?:…}`.
pub fn search(view: &mut dyn View, search: &Search, reading: &mut Reading<'_>) -> Read<String> {
    if search.limit == 0 {
        return Ok(Page::new(search).finish());
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
        Ok(true) => found(&mut page, search, &entry, &mut refreshing),
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
        let time = order.by.time_of(&entry.record.meta);
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
    let mut page = Page::behind(search, search.offset);
    let (_, mut refreshing) = reading.split();
    for (_, address) in places.iter().skip(search.offset).take(search.limit) {
        view.get(address, &mut |record| {
            let entry = Entry { path: address.path(), key: address.key(), record };
            let _ = found(&mut page, search, &entry, &mut refreshing);
        })?;
    }
    Ok(page.finish())
}

/// Gives the page its next match, which is refreshed if it is shown.
fn found(page: &mut Page<'_>, search: &Search, entry: &Entry<'_>, refreshing: &mut Refreshing<'_>) -> Flow {
    if page.push(entry) && search.refresh {
        refreshing.refresh(entry.path, entry.key, &entry.record.meta);
    }
    if page.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
