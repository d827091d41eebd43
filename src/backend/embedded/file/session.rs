//! One connection with the statements and the namespace ids that reads and writes share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Null;

use super::error::map;
use super::members::Member;
use super::pins::LogState;
use super::row;
use super::sql::Which;
use super::sys::Owned;
use crate::error::{Code, Error, Result};
use crate::store::address::{Address, scope_end};
use crate::store::item::Record;

/// Namespaces that a connection remembers, each way; then it starts anew.
const REMEMBERED: usize = 16_384;
/// Statements made at run time, for declared indexes, that a connection keeps.
const MADE_STATEMENTS: usize = 64;

/// A connection.
///
/// Rows of `namespaces` are never removed and ids never used again (AUTOINCREMENT), so an id that
/// was read from a committed state stays right for the life of the file. Each connection keeps its
/// own table: no lock, and the few connections make it small.
pub struct Session {
    owned: Owned,
    members: Arc<[Member]>,
    ids: RefCell<HashMap<Box<str>, i64>>,
    paths: RefCell<HashMap<i64, Box<str>>>,
    /// A transaction in which namespaces were added is open: nothing new is remembered.
    unsettled: Cell<bool>,
}

impl Session {
    /// On this connection, which is set up.
    pub fn new(connection: Connection, members: &Arc<[Member]>) -> Self {
        connection.set_prepared_statement_cache_capacity(MADE_STATEMENTS);
        Self {
            members: Arc::clone(members),
            owned: Owned::new(connection),
            ids: RefCell::default(),
            paths: RefCell::default(),
            unsettled: Cell::new(false),
        }
    }

    /// The connection itself.
    pub fn connection(&self) -> &Connection {
        self.owned.connection()
    }

    /// The declared indexes.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Lends a statement.
    pub fn lease(&self, which: Which) -> Result<super::sys::Lease<'_>> {
        self.owned.lease(which).map_err(map)
    }

    /// Runs a statement without parameters and rows.
    pub fn run(&self, which: Which) -> rusqlite::Result<()> {
        self.owned.lease(which)?.execute().map(drop)
    }

    /// Fixes the snapshot that all reads see until `release`.
    ///
    /// Outside BEGIN a read transaction lasts from the first step of a statement until no statement
    /// is under way. So one that stands on a row, never to be stepped again, holds the snapshot for
    /// all others: one short statement instead of BEGIN, a first read and COMMIT.
    pub fn hold(&self) -> Result<()> {
        let mut lease = self.lease(Which::Hold)?;
        let mut rows = lease.rows();
        if rows.next().map_err(map)?.is_none() {
            return Err(Error::new(Code::Corrupt, "the store's table meta is empty"));
        }
        // Dropping the rows would reset the statement.
        std::mem::forget(rows);
        Ok(())
    }

    /// Ends what `hold` began.
    pub fn release(&self) {
        if let Ok(mut lease) = self.owned.lease(Which::Hold) {
            drop(lease.rows());
        }
    }

    /// Makes `log_state` work, after a first read; false where SQLite has no shared memory for it.
    pub fn find_log(&mut self) -> bool {
        self.owned.find_index()
    }

    /// Makes `log_state` give nothing.
    pub fn forget_log(&mut self) {
        self.owned.forget_index();
    }

    /// What every commit of any process changes, read without a system call.
    pub fn log_state(&self) -> Option<LogState> {
        self.owned.log_state()
    }

    /// Calls `found` with the item.
    pub fn get(&self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        let Some(id) = self.namespace_id(address.path())? else { return Ok(false) };
        let mut lease = self.lease(Which::Get)?;
        lease.bind(1, id).map_err(map)?;
        lease.bind(2, address.key()).map_err(map)?;
        let mut rows = lease.rows();
        match rows.next().map_err(map)? {
            Some(row) => {
                found(row::record(row, 0)?);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The id of a namespace, if it has one.
    pub fn namespace_id(&self, path: &str) -> Result<Option<i64>> {
        if let Some(id) = self.ids.borrow().get(path) {
            return Ok(Some(*id));
        }
        let mut lease = self.lease(Which::NamespaceId)?;
        lease.bind(1, path).map_err(map)?;
        let mut rows = lease.rows();
        let Some(row) = rows.next().map_err(map)? else { return Ok(None) };
        let id = row::integer(row, 0)?;
        self.remember_id(path, id);
        Ok(Some(id))
    }

    /// The id of a namespace, which is added if need be; only inside a write transaction.
    pub fn namespace_id_or_add(&self, path: &str) -> Result<i64> {
        if let Some(id) = self.namespace_id(path)? {
            return Ok(id);
        }
        // Until the commit the new id is looked up in the table each time: after a rollback it may
        // come to mean another namespace.
        self.unsettled.set(true);
        let mut lease = self.lease(Which::NamespaceAdd)?;
        lease.bind(1, path).map_err(map)?;
        let mut rows = lease.rows();
        let Some(row) = rows.next().map_err(map)? else {
            return Err(Error::new(Code::Backend, "SQLite returned no id for a new namespace"));
        };
        let id = row::integer(row, 0)?;
        // Only the step after the last row completes the statement.
        while rows.next().map_err(map)?.is_some() {}
        Ok(id)
    }

    /// Calls `with` with the path of a namespace.
    pub fn with_path<T>(&self, id: i64, with: impl FnOnce(&str) -> T) -> Result<T> {
        if let Some(path) = self.paths.borrow().get(&id) {
            return Ok(with(path));
        }
        let mut lease = self.lease(Which::NamespacePath)?;
        lease.bind(1, id).map_err(map)?;
        let mut rows = lease.rows();
        let Some(row) = rows.next().map_err(map)? else {
            return Err(Error::new(
                Code::Corrupt,
                format!("items refer to namespace {id}, which is missing"),
            ));
        };
        let path = row::text(row, 0)?;
        if !self.unsettled.get() {
            let mut paths = self.paths.borrow_mut();
            if paths.len() >= REMEMBERED {
                paths.clear();
            }
            paths.insert(id, path.into());
        }
        Ok(with(path))
    }

    fn remember_id(&self, path: &str, id: i64) {
        if self.unsettled.get() {
            return;
        }
        let mut ids = self.ids.borrow_mut();
        if ids.len() >= REMEMBERED {
            ids.clear();
        }
        ids.insert(path.into(), id);
    }

    /// The transaction is over, one way or the other.
    pub fn settled(&self) {
        self.unsettled.set(false);
    }

    /// Visits the paths of live namespaces, ascending.
    pub fn namespaces(
        &self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut lease = self.lease(Which::Namespaces)?;
        bind_range(&mut lease, scope.max(from), scope_end(scope).as_deref())?;
        lease.bind(3, now).map_err(map)?;
        let mut rows = lease.rows();
        while let Some(row) = rows.next().map_err(map)? {
            if visit(row::text(row, 0)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The greatest id of an item: at least the number of items, for estimates.
    pub fn total(&self) -> Result<u64> {
        Ok(self.number(Which::Total)?.unwrap_or(0).max(0) as u64)
    }

    /// The greatest stored time of a write.
    pub fn last_time(&self) -> Result<Option<i64>> {
        self.number(Which::LastTime)
    }

    fn number(&self, which: Which) -> Result<Option<i64>> {
        let mut lease = self.lease(which)?;
        let mut rows = lease.rows();
        match rows.next().map_err(map)? {
            Some(row) => row::optional(row, 0),
            None => Ok(None),
        }
    }
}

/// Binds a range of paths `[from, end)`; no end is an empty blob, which sorts after every text.
pub fn bind_range(lease: &mut super::sys::Lease<'_>, from: &str, end: Option<&str>) -> Result<()> {
    lease.bind(1, from).map_err(map)?;
    match end {
        Some(end) => lease.bind(2, end).map_err(map),
        None => lease.bind(2, &b""[..]).map_err(map),
    }
}

/// Binds an integer or null.
pub fn bind_optional(lease: &mut super::sys::Lease<'_>, at: usize, value: Option<i64>) -> Result<()> {
    match value {
        Some(value) => lease.bind(at, value).map_err(map),
        None => lease.bind(at, Null).map_err(map),
    }
}
