//! The walk along an index on a time.

use std::rc::Rc;

use rusqlite::Rows;

use super::members::Candidates;
use super::{Ended, Paths, Resume, Visitor};
use crate::backend::embedded::engine::Scan;
use crate::backend::embedded::file::error::map;
use crate::backend::embedded::file::row;
use crate::backend::embedded::file::session::Session;
use crate::backend::embedded::file::sql::Which;
use crate::error::Result;
use crate::store::item::{Entry, Meta, Record};
use crate::store::order::{Order, SortBy};

/// Rows of one time that are kept while their order is not known. This library gives every write
/// its own time; only somebody else's rows can have more than one, or so many.
const MOST_TIES: usize = 1_024;

/// Walks from `after`, over the candidates of a declared index where they stand in this order.
pub fn walk(
    session: &Session,
    scan: &Scan<'_>,
    after: Option<Resume>,
    candidates: Option<&Candidates<'_>>,
    visitor: &mut Visitor<'_>,
) -> Result<Ended> {
    let descending = scan.order.descending;
    let start = after.as_ref().map_or(if descending { i64::MAX } else { i64::MIN }, |after| after.time);
    let mut paths = Paths::new(session, scan.scope);
    if let Some(candidates) = candidates {
        let mut statement = candidates.in_order(session, descending, start)?;
        return walk_rows(&mut statement.raw_query(), scan.order, after, &mut paths, visitor);
    }
    let mut lease = session.lease(statement(scan.order))?;
    lease.bind(1, start).map_err(map)?;
    walk_rows(&mut lease.rows(), scan.order, after, &mut paths, visitor)
}

fn walk_rows(
    rows: &mut Rows<'_>,
    order: Order,
    after: Option<Resume>,
    paths: &mut Paths<'_>,
    visitor: &mut Visitor<'_>,
) -> Result<Ended> {
    let mut ties = Ties::default();
    let mut done = after.clone();
    while let Some(columns) = rows.next().map_err(map)? {
        visitor.examined += 1;
        let time = row::integer(columns, time_column(order, 2))?;
        if ties.count > 0 && ties.time != time {
            if !ties.deliver(visitor) {
                return Ok(Ended::Done);
            }
            done = Some(Resume { time: ties.time, place: None });
        }
        if ties.count == 0 && visitor.hopeless() || ties.count >= MOST_TIES {
            return Ok(Ended::GaveUp(done));
        }
        let bytes = match paths.of(row::integer(columns, 0)?)? {
            None => 0,
            Some(path) => {
                let (key, record) = (row::text(columns, 1)?, row::record(columns, 2)?);
                if visitor.wants(&record)
                    && after.as_ref().is_none_or(|after| after.admits(order, time, &path, key))
                {
                    ties.push(time, path, key, &record);
                    continue;
                }
                record.value.len()
            }
        };
        if !visitor.pass(bytes) {
            return Ok(Ended::Done);
        }
    }
    ties.deliver(visitor);
    Ok(Ended::Done)
}

fn statement(order: Order) -> Which {
    match (order.by, order.descending) {
        (SortBy::CreatedAt, false) => Which::CreatedAsc,
        (SortBy::CreatedAt, true) => Which::CreatedDesc,
        (_, false) => Which::UpdatedAsc,
        (_, true) => Which::UpdatedDesc,
    }
}

/// The column of the order's time where `created_at` and `updated_at` begin at `first`.
pub fn time_column(order: Order, first: usize) -> usize {
    match order.by {
        SortBy::CreatedAt => first,
        _ => first + 1,
    }
}

/// Rows of one time, kept until the next time shows that there are no more: ties are in the order
/// of namespace and key, which the index does not know. The buffers are used again and again.
#[derive(Default)]
struct Ties {
    time: i64,
    rows: Vec<Kept>,
    count: usize,
}

struct Kept {
    path: Rc<str>,
    key: String,
    value: String,
    meta: Meta,
}

impl Ties {
    fn push(&mut self, time: i64, path: Rc<str>, key: &str, record: &Record<'_>) {
        self.time = time;
        match self.rows.get_mut(self.count) {
            Some(kept) => {
                kept.path = path;
                kept.meta = record.meta;
                kept.key.clear();
                kept.key.push_str(key);
                kept.value.clear();
                kept.value.push_str(record.value);
            }
            None => self.rows.push(Kept {
                path,
                key: key.to_owned(),
                value: record.value.to_owned(),
                meta: record.meta,
            }),
        }
        self.count += 1;
    }

    /// Hands the rows out in order and forgets them; false when the caller has enough.
    fn deliver(&mut self, visitor: &mut Visitor<'_>) -> bool {
        let rows = &mut self.rows[..self.count];
        self.count = 0;
        if rows.len() > 1 {
            rows.sort_unstable_by(|a, b| (&a.path, &a.key).cmp(&(&b.path, &b.key)));
        }
        rows.iter().all(|kept| {
            let record = Record { value: &kept.value, meta: kept.meta };
            visitor.deliver(Entry { path: &kept.path, key: &kept.key, record })
        })
    }
}
