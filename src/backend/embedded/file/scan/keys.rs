//! The walk by namespace and key.

use super::{Ended, Resume, Visitor};
use crate::backend::embedded::engine::Scan;
use crate::backend::embedded::file::error::map;
use crate::backend::embedded::file::row;
use crate::backend::embedded::file::session::{Session, bind_range};
use crate::backend::embedded::file::sql::Which;
use crate::error::Result;
use crate::store::address::{in_scope, scope_end};
use crate::store::item::Entry;
use crate::store::order::Position;

/// Walks the scope: the rest of the namespace in which the scan resumes, then the other namespaces.
pub fn walk(
    session: &Session,
    scan: &Scan<'_>,
    after: Option<Resume>,
    visitor: &mut Visitor<'_>,
) -> Result<Ended> {
    let mut from = scan.scope.to_owned();
    let mut end = scope_end(scan.scope);
    if let Some((path, key)) = after.and_then(|after| after.place) {
        if in_scope(scan.scope, &path)
            && let Some(ended) = rest_of_namespace(session, scan, &path, &key, visitor)?
        {
            return Ok(ended);
        }
        if scan.order.descending {
            if end.as_ref().is_none_or(|end| path < *end) {
                end = Some(path);
            }
        } else {
            // The first text after `path`.
            from = from.max(path + "\0");
        }
    }
    let which = if scan.order.descending { Which::KeysDesc } else { Which::KeysAsc };
    let mut lease = session.lease(which)?;
    bind_range(&mut lease, &from, end.as_deref())?;
    let mut rows = lease.rows();
    while let Some(columns) = rows.next().map_err(map)? {
        let record = row::record(columns, 2)?;
        visitor.examined += 1;
        let wanted = visitor.wants(&record);
        if wanted || visitor.examined >= visitor.check_at {
            let (path, key) = (row::text(columns, 0)?, row::text(columns, 1)?);
            if wanted && !visitor.deliver(Entry { path, key, record }) {
                return Ok(Ended::Done);
            }
            if visitor.hopeless() {
                return Ok(Ended::GaveUp(Some(place(path, key))));
            }
        }
    }
    Ok(Ended::Done)
}

fn rest_of_namespace(
    session: &Session,
    scan: &Scan<'_>,
    path: &str,
    after: &str,
    visitor: &mut Visitor<'_>,
) -> Result<Option<Ended>> {
    let Some(id) = session.namespace_id(path)? else { return Ok(None) };
    let which = if scan.order.descending { Which::NamespaceDesc } else { Which::NamespaceAsc };
    let mut lease = session.lease(which)?;
    lease.bind(1, id).map_err(map)?;
    lease.bind(2, after).map_err(map)?;
    let mut rows = lease.rows();
    while let Some(columns) = rows.next().map_err(map)? {
        let record = row::record(columns, 1)?;
        visitor.examined += 1;
        let wanted = visitor.wants(&record);
        if wanted || visitor.examined >= visitor.check_at {
            let key = row::text(columns, 0)?;
            if wanted && !visitor.deliver(Entry { path, key, record }) {
                return Ok(Some(Ended::Done));
            }
            if visitor.hopeless() {
                return Ok(Some(Ended::GaveUp(Some(place(path, key)))));
            }
        }
    }
    Ok(None)
}

fn place(path: &str, key: &str) -> Resume {
    Resume::from(&Position { time_us: 0, path: path.to_owned(), key: key.to_owned() })
}
