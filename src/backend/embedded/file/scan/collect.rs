//! Gathering the places of what matches, sorting them, reading them.

use std::cmp::Ordering;
use std::rc::Rc;

use rusqlite::Row;

use super::times::time_column;
use super::{Paths, Resume, Visitor, each_namespace};
use crate::backend::embedded::engine::Scan;
use crate::backend::embedded::file::error::map;
use crate::backend::embedded::file::row;
use crate::backend::embedded::file::session::Session;
use crate::backend::embedded::file::sql::Which;
use crate::error::Result;
use crate::store::item::Entry;
use crate::store::order::Order;

/// Places that one pass keeps; with more matches the next pass begins after the last of them.
/// Twice as many are in memory at a time, about 100 bytes each.
const PLACES: usize = 65_536;

/// Where a matching row is, and where it stands in the order.
struct Place {
    time: i64,
    path: Rc<str>,
    key: Box<str>,
    id: i64,
}

/// Visits everything after `after`, pass by pass; `whole` reads the table in the order of its
/// pages, otherwise the scope's namespaces are read.
pub fn run(
    session: &Session,
    scan: &Scan<'_>,
    mut after: Option<Resume>,
    whole: bool,
    visitor: &mut Visitor<'_>,
) -> Result<()> {
    loop {
        let mut places = Places { order: scan.order, kept: Vec::new(), dropped: false };
        let mut paths = Paths::new(session, scan.scope);
        if whole {
            gather(session, scan, None, after.as_ref(), &mut paths, &mut places)?;
        } else {
            each_namespace(session, scan.scope, &mut |id, items| {
                if items > 0 {
                    gather(session, scan, Some(id), after.as_ref(), &mut paths, &mut places)?;
                }
                Ok(true)
            })?;
        }
        let (places, more) = places.sorted();
        for place in &places {
            if !read(session, place, visitor)? {
                return Ok(());
            }
        }
        match places.last() {
            Some(last) if more => {
                after = Some(Resume {
                    time: last.time,
                    place: Some((last.path.to_string(), last.key.to_string())),
                });
            }
            _ => return Ok(()),
        }
    }
}

fn gather(
    session: &Session,
    scan: &Scan<'_>,
    namespace: Option<i64>,
    after: Option<&Resume>,
    paths: &mut Paths<'_>,
    places: &mut Places,
) -> Result<()> {
    let which = match (namespace, scan.filter) {
        (None, Some(_)) => Which::TableValues,
        (None, None) => Which::TablePlaces,
        (Some(_), Some(_)) => Which::ScopeValues,
        (Some(_), None) => Which::ScopePlaces,
    };
    let mut lease = session.lease(which)?;
    if let Some(id) = namespace {
        lease.bind(1, id).map_err(map)?;
    }
    let mut rows = lease.rows();
    while let Some(columns) = rows.next().map_err(map)? {
        if let Some(place) = examine(columns, scan, after, paths)? {
            places.push(place);
        }
    }
    Ok(())
}

/// The row's place if it is wanted: cheap reasons against it first, the filter last.
fn examine(
    columns: &Row<'_>,
    scan: &Scan<'_>,
    after: Option<&Resume>,
    paths: &mut Paths<'_>,
) -> Result<Option<Place>> {
    let Some(path) = paths.of(row::integer(columns, 1)?)? else { return Ok(None) };
    let time = row::integer(columns, time_column(scan.order, 3))?;
    let key = row::text(columns, 2)?;
    if after.is_some_and(|after| !after.admits(scan.order, time, &path, key)) {
        return Ok(None);
    }
    if let Some(filter) = scan.filter {
        let duplicates = row::integer(columns, 5)? & row::DUPLICATES != 0;
        if !filter.matches(row::text(columns, 6)?, duplicates) {
            return Ok(None);
        }
    }
    Ok(Some(Place { time, path, key: key.into(), id: row::integer(columns, 0)? }))
}

fn read(session: &Session, place: &Place, visitor: &mut Visitor<'_>) -> Result<bool> {
    let mut lease = session.lease(Which::ById)?;
    lease.bind(1, place.id).map_err(map)?;
    let mut rows = lease.rows();
    match rows.next().map_err(map)? {
        Some(columns) => {
            let record = row::record(columns, 0)?;
            Ok(visitor.deliver(Entry { path: &place.path, key: &place.key, record }))
        }
        // Can't be: the snapshot in which the place was found stands.
        None => Ok(true),
    }
}

/// The first `PLACES` places of an order.
struct Places {
    order: Order,
    kept: Vec<Place>,
    dropped: bool,
}

impl Places {
    fn push(&mut self, place: Place) {
        self.kept.push(place);
        if self.kept.len() >= 2 * PLACES {
            let order = self.order;
            self.kept.select_nth_unstable_by(PLACES - 1, |a, b| compare(order, a, b));
            self.kept.truncate(PLACES);
            self.dropped = true;
        }
    }

    fn sorted(mut self) -> (Vec<Place>, bool) {
        let order = self.order;
        self.kept.sort_unstable_by(|a, b| compare(order, a, b));
        if self.dropped {
            // Places beyond this count came after others had been dropped, perhaps before them.
            self.kept.truncate(PLACES);
        }
        (self.kept, self.dropped)
    }
}

fn compare(order: Order, a: &Place, b: &Place) -> Ordering {
    order.compare((a.time, &a.path, &a.key), (b.time, &b.path, &b.key))
}
