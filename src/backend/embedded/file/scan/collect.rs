//! Gathering the places of what matches, sorting them, reading them.

use std::cmp::Ordering;
use std::rc::Rc;

use rusqlite::{Row, Rows};

use super::times::time_column;
use super::{Paths, Resume, Source, Visitor, each_namespace};
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

/// Visits everything of `source` that is wanted, after `after`, pass by pass.
pub fn run(
    session: &Session,
    scan: &Scan<'_>,
    mut after: Option<Resume>,
    source: &Source<'_>,
    visitor: &mut Visitor<'_>,
) -> Result<()> {
    loop {
        let mut gathering = Gathering {
            scan,
            after: after.as_ref(),
            paths: Paths::new(session, scan.scope),
            places: Vec::new(),
            dropped: false,
            stopped: false,
        };
        gathering.gather(session, source, visitor)?;
        if gathering.stopped {
            return Ok(());
        }
        let (places, more) = gathering.sorted();
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

/// One pass: the first `PLACES` wanted places of the order after a place.
struct Gathering<'a> {
    scan: &'a Scan<'a>,
    after: Option<&'a Resume>,
    paths: Paths<'a>,
    places: Vec<Place>,
    dropped: bool,
    stopped: bool,
}

impl Gathering<'_> {
    fn gather(&mut self, session: &Session, source: &Source<'_>, visitor: &Visitor<'_>) -> Result<()> {
        let values = self.scan.filter.is_some();
        match source {
            Source::Scope => {
                let which = if values { Which::ScopeValues } else { Which::ScopePlaces };
                return each_namespace(session, self.scan.scope, &mut |id, items| {
                    if items > 0 {
                        let mut lease = session.lease(which)?;
                        lease.bind(1, id).map_err(map)?;
                        self.rows(&mut lease.rows(), visitor)?;
                    }
                    Ok(!self.stopped)
                });
            }
            Source::Candidates(candidates) => {
                let mut statement = candidates.places(session)?;
                return self.rows(&mut statement.raw_query(), visitor);
            }
            Source::Table => {}
        }
        let which = if values { Which::TableValues } else { Which::TablePlaces };
        self.rows(&mut session.lease(which)?.rows(), visitor)
    }

    fn rows(&mut self, rows: &mut Rows<'_>, visitor: &Visitor<'_>) -> Result<()> {
        while let Some(columns) = rows.next().map_err(map)? {
            let bytes = self.examine(columns)?;
            if !visitor.pass(bytes) {
                self.stopped = true;
                break;
            }
        }
        Ok(())
    }

    /// Keeps the row's place if it is wanted: cheap reasons against it first, the filter last.
    /// Returns how many bytes of the value were looked at.
    fn examine(&mut self, columns: &Row<'_>) -> Result<usize> {
        let order = self.scan.order;
        let Some(path) = self.paths.of(row::integer(columns, 1)?)? else { return Ok(0) };
        let time = row::integer(columns, time_column(order, 3))?;
        let key = row::text(columns, 2)?;
        if self.after.is_some_and(|after| !after.admits(order, time, &path, key)) {
            return Ok(0);
        }
        let mut bytes = 0;
        if let Some(filter) = self.scan.filter {
            let value = row::text(columns, 6)?;
            bytes = value.len();
            if !filter.matches(value, row::integer(columns, 5)? & row::DUPLICATES != 0) {
                return Ok(bytes);
            }
        }
        self.places.push(Place { time, path, key: key.into(), id: row::integer(columns, 0)? });
        if self.places.len() >= 2 * PLACES {
            self.places.select_nth_unstable_by(PLACES - 1, |a, b| compare(order, a, b));
            self.places.truncate(PLACES);
            self.dropped = true;
        }
        Ok(bytes)
    }

    /// The places in order, and whether there are more after them.
    fn sorted(mut self) -> (Vec<Place>, bool) {
        let order = self.scan.order;
        self.places.sort_unstable_by(|a, b| compare(order, a, b));
        if self.dropped {
            // Places beyond this number may come after others that have been dropped.
            self.places.truncate(PLACES);
        }
        (self.places, self.dropped)
    }
}

fn compare(order: Order, a: &Place, b: &Place) -> Ordering {
    order.compare((a.time, &a.path, &a.key), (b.time, &b.path, &b.key))
}
