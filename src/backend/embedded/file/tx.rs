//! The writer's transaction.

use std::ops::ControlFlow;

use super::error::map;
use super::row::DUPLICATES;
use super::scan;
use super::session::{Session, bind_optional};
use super::sql::Which;
use crate::backend::embedded::engine::{Flow, Scan, Transaction, View};
use crate::error::{Error, Result};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// Values from this size on do not stay behind as a bound copy.
const LARGE_VALUE: usize = 65_536;

/// A group's open transaction.
pub struct Tx<'a> {
    session: &'a mut Session,
    /// The first error. SQLite ends the transaction by itself at some of them, and what follows
    /// would then be committed one by one: nothing may follow.
    failed: Option<Error>,
    /// The greatest time handed out or stored, once it is known in this transaction: before the
    /// lock was taken, another process may have written.
    last_time: Option<i64>,
    /// The greatest time that this process has handed out.
    handed_out: &'a mut i64,
}

impl<'a> Tx<'a> {
    /// On a session that has begun.
    pub fn new(session: &'a mut Session, handed_out: &'a mut i64) -> Self {
        Self { session, failed: None, last_time: None, handed_out }
    }

    /// The first error of any operation.
    pub fn failed(&mut self) -> Option<Error> {
        self.failed.take()
    }

    fn store(&self, which: Which, id: i64, address: &Address, record: &Record<'_>) -> Result<usize> {
        let meta = &record.meta;
        let mut lease = self.session.lease(which)?;
        lease.bind(1, id).map_err(map)?;
        lease.bind(2, address.key()).map_err(map)?;
        lease.bind(3, meta.created_at).map_err(map)?;
        lease.bind(4, meta.updated_at).map_err(map)?;
        lease.bind(5, &meta.version[..]).map_err(map)?;
        bind_optional(&mut lease, 6, meta.expires_at)?;
        bind_optional(&mut lease, 7, meta.ttl_us)?;
        lease.bind(8, if meta.duplicates { DUPLICATES } else { 0 }).map_err(map)?;
        lease.bind(9, record.value).map_err(map)?;
        let changed = lease.execute().map_err(map)?;
        if record.value.len() >= LARGE_VALUE {
            lease.clear();
        }
        Ok(changed)
    }

    fn guard<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = work(self);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }
}

impl View for Tx<'_> {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        self.guard(|tx| tx.session.get(address, found))
    }

    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        self.guard(|tx| scan::scan(tx.session, scan, visit))
    }

    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<()> {
        self.guard(|tx| tx.session.namespaces(scope, from, now, visit))
    }
}

impl Transaction for Tx<'_> {
    fn next_time(&mut self, now: i64) -> Result<i64> {
        self.guard(|tx| {
            let last = match tx.last_time {
                Some(last) => last,
                None => tx.session.last_time()?.unwrap_or(i64::MIN).max(*tx.handed_out),
            };
            let time = now.max(last.saturating_add(1));
            tx.last_time = Some(time);
            *tx.handed_out = time;
            Ok(time)
        })
    }

    fn put(&mut self, address: &Address, record: Record<'_>) -> Result<()> {
        self.guard(|tx| {
            let id = tx.session.namespace_id_or_add(address.path())?;
            // A time of creation before that of the write means an item that is there, most likely.
            let replaced = record.meta.created_at != record.meta.updated_at
                && tx.store(Which::Replace, id, address, &record)? > 0;
            if !replaced {
                tx.store(Which::Put, id, address, &record)?;
            }
            Ok(())
        })
    }

    fn delete(&mut self, address: &Address) -> Result<bool> {
        self.guard(|tx| {
            let Some(id) = tx.session.namespace_id(address.path())? else { return Ok(false) };
            let mut lease = tx.session.lease(Which::Delete)?;
            lease.bind(1, id).map_err(map)?;
            lease.bind(2, address.key()).map_err(map)?;
            Ok(lease.execute().map_err(map)? > 0)
        })
    }

    fn touch(&mut self, address: &Address, expires_at: i64) -> Result<()> {
        self.guard(|tx| {
            let Some(id) = tx.session.namespace_id(address.path())? else { return Ok(()) };
            let mut lease = tx.session.lease(Which::Touch)?;
            lease.bind(1, id).map_err(map)?;
            lease.bind(2, address.key()).map_err(map)?;
            lease.bind(3, expires_at).map_err(map)?;
            lease.execute().map_err(map).map(drop)
        })
    }

    fn reclaim(&mut self, now: i64, max: usize) -> Result<usize> {
        self.guard(|tx| {
            let mut lease = tx.session.lease(Which::Reclaim)?;
            lease.bind(1, now).map_err(map)?;
            lease.bind(2, i64::try_from(max).unwrap_or(i64::MAX)).map_err(map)?;
            lease.execute().map_err(map)
        })
    }
}
