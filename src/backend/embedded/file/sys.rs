//! The engine's only unsafe code: statements that live beside their connection.

use std::cell::{RefCell, RefMut};
use std::ptr::NonNull;

use rusqlite::{Connection, Rows, Statement, ToSql};

use super::sql;

/// A connection and its prepared statements, in one value that can move between threads.
///
/// rusqlite ties a statement to a borrow of its connection, so the two can't sit in one struct of
/// safe Rust; its own cache of statements costs an allocation and a map look-up per use, which is
/// as much as a third of a whole `get`. Statements are prepared at their first use.
pub struct Owned {
    statements: [RefCell<Option<Statement<'static>>>; sql::COUNT],
    connection: NonNull<Connection>,
}

// SAFETY: the connection, and every statement that refers to it, move together: nothing outside
// can keep a part, because statements are only lent (`Lease` borrows `self`). `Connection` is
// `Send`; statements are not only because they hold `&Connection` and `Connection` is not `Sync`,
// but both sides of that reference are always in the same thread here. `Owned` is not `Sync`.
unsafe impl Send for Owned {}

impl Owned {
    /// Takes the connection over.
    pub fn new(connection: Connection) -> Self {
        let statements = [const { RefCell::new(None) }; sql::COUNT];
        Self { statements, connection: NonNull::from(Box::leak(Box::new(connection))) }
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        // SAFETY: the pointer comes from a leaked box that only `drop` gives back, and nothing
        // ever makes a `&mut` of it.
        unsafe { self.connection.as_ref() }
    }

    /// Lends one of the engine's statements, preparing it at its first use. A statement that is
    /// lent must not be asked for again before the lease ends (that would panic).
    pub fn lease(&self, which: sql::Which) -> rusqlite::Result<Lease<'_>> {
        let mut statement = self.statements[which as usize].borrow_mut();
        if statement.is_none() {
            // SAFETY: as in `connection`; the reference may be called 'static because `drop`
            // drops every statement before it drops the connection, and no statement leaves the
            // array: `Lease` gives out neither the statement nor a `&mut` to it.
            let connection: &'static Connection = unsafe { self.connection.as_ref() };
            *statement = Some(connection.prepare(sql::TEXT[which as usize])?);
        }
        Ok(Lease { statement })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        for statement in &mut self.statements {
            *statement.get_mut() = None;
        }
        // SAFETY: made by `Box::leak` in `new`; the statements, the only other references, are gone.
        drop(unsafe { Box::from_raw(self.connection.as_ptr()) });
    }
}

/// The use of one statement.
pub struct Lease<'a> {
    statement: RefMut<'a, Option<Statement<'static>>>,
}

impl Lease<'_> {
    fn statement(&mut self) -> &mut Statement<'static> {
        self.statement.as_mut().expect("lease() has prepared it")
    }

    /// Binds parameter `at` (from 1), by length.
    pub fn bind(&mut self, at: usize, value: impl ToSql) -> rusqlite::Result<()> {
        self.statement().raw_bind_parameter(at, value)
    }

    /// Runs the query; the statement is reset when the rows are dropped.
    pub fn rows(&mut self) -> Rows<'_> {
        self.statement().raw_query()
    }

    /// Runs a statement without rows; returns how many rows it changed.
    pub fn execute(&mut self) -> rusqlite::Result<usize> {
        self.statement().raw_execute()
    }

    /// Frees the copies of what was bound.
    pub fn clear(&mut self) {
        self.statement().clear_bindings();
    }
}

/// Runs `work` on a thread whose access to files is that of an unprivileged user: permissions mean
/// nothing to root, as whom tests may run.
#[cfg(test)]
pub fn unprivileged<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: passes no memory; on Linux it changes this thread (and those that it starts)
            // only, and has no effect where this process may not change it.
            unsafe { libc::setfsuid(65_534) };
            work()
        });
        thread.join().unwrap()
    })
}
