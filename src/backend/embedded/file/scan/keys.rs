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
        let (path, key) = (row::text(columns, 0)?, row::text(columns, 1)?);
        if let Some(ended) = offer(Entry { path, key, record: row::record(columns, 2)? }, visitor) {
            return Ok(ended);
        }
    }
    Ok(Ended::Done)
}

/// Hands the entry out or passes over it; says if that is the end.
fn offer(entry: Entry<'_>, visitor: &mut Visitor<'_>) -> Option<Ended> {
    visitor.examined += 1;
    let wanted = visitor.wants(&entry.record);
    if !if wanted { visitor.deliver(entry) } else { visitor.pass(entry.record.value.len()) } {
        return Some(Ended::Done);
    }
    visitor.hopeless().then(|| {
        let place = Some((entry.path.to_owned(), entry.key.to_owned()));
        Ended::GaveUp(Some(Resume { time: 0, place }))
    })
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
        let key = row::text(columns, 0)?;
        let ended = offer(Entry { path, key, record: row::record(columns, 1)? }, visitor);
        if ended.is_some() {
            return Ok(ended);
        }
    }
    Ok(None)
}
