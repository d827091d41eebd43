//! The engine's only unsafe code: statements that live beside their connection, and the log's shared memory.

use std::cell::{RefCell, RefMut};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{Ordering, fence};

use rusqlite::{Connection, Rows, Statement, ToSql, ffi};

use super::pins::LogState;
use super::sql;

/// Bytes of the pieces in which SQLite maps the log's index.
const INDEX_PIECE: i32 = 32_768;

/// A connection and its prepared statements, in one value that can move between threads.
///
/// rusqlite ties a statement to a borrow of its connection, so the two can't sit in one struct of
/// safe Rust; its own cache of statements costs an allocation and a map look-up per use, which is
/// as much as a third of a whole `get`. Statements are prepared at their first use.
pub struct Owned {
    statements: [RefCell<Option<Statement<'static>>>; sql::COUNT],
    connection: NonNull<Connection>,
    /// The beginning of the log's index, shared with every process that has the file open.
    index: Option<NonNull<u64>>,
}

// SAFETY: the connection, and every statement that refers to it, move together: nothing outside
// can keep a part, because statements are only lent (`Lease` borrows `self`). `Connection` is
// `Send`; statements are not only because they hold `&Connection` and `Connection` is not `Sync`,
// but both sides of that reference are always in the same thread here. `index` points at memory of
// the whole process. `Owned` is not `Sync`.
unsafe impl Send for Owned {}

impl Owned {
    /// Takes the connection over.
    pub fn new(connection: Connection) -> Self {
        let statements = [const { RefCell::new(None) }; sql::COUNT];
        Self { statements, connection: NonNull::from(Box::leak(Box::new(connection))), index: None }
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

    /// Finds the log's index, whose log must have been opened by a read; false where there is none.
    pub fn find_index(&mut self) -> bool {
        let mut file: *mut ffi::sqlite3_file = null_mut();
        let mut memory = null_mut();
        // SAFETY: the handle is that of an open connection, used by this thread alone while `self` is
        // borrowed. FILE_POINTER stores a pointer at the given place; the file and its table of methods
        // live as long as the connection. Methods of version 2 and later have xShmMap, which SQLite's
        // own log calls just like this; without the right to extend it only maps what exists, and says
        // where, if it does.
        unsafe {
            let (name, place) = (c"main".as_ptr(), (&raw mut file).cast());
            let handle = self.connection().handle();
            let found = ffi::sqlite3_file_control(handle, name, ffi::SQLITE_FCNTL_FILE_POINTER, place);
            if found == ffi::SQLITE_OK
                && !file.is_null()
                && let Some(methods) = (*file).pMethods.as_ref()
                && methods.iVersion >= 2
                && let Some(map) = methods.xShmMap
                && map(file, 0, INDEX_PIECE, 0, &raw mut memory) == ffi::SQLITE_OK
            {
                self.index = NonNull::new(memory.cast());
            }
        }
        self.index.is_some()
    }

    /// Forgets it again.
    pub fn forget_index(&mut self) {
        self.index = None;
    }

    /// The state of the log as of now: what was committed before the call is in it.
    pub fn log_state(&self) -> Option<LogState> {
        let index = self.index?;
        // SAFETY: SQLite keeps the piece mapped, at one address that starts a page, until the last
        // connection of this process that uses the log is closed, and this one uses it until `drop`: a
        // log is closed with its connection, or when its connection leaves WAL mode, which no other can
        // make it do (it holds a shared lock of the file) and this one never does. The piece is longer
        // than what is read. Other processes write it meanwhile: volatile reads take each word as it is
        // then, any bits are a valid one, and that words may be of different moments is what the
        // caller's comparison is about.
        let word = |n: usize| unsafe { index.as_ptr().add(n).read_volatile() };
        let half = [0, 1, 2, 3, 4, 5].map(word);
        let other = [6, 7, 8, 9, 10, 11].map(word);
        // SAFETY: as above.
        let moved = unsafe { index.as_ptr().cast::<u32>().add(24).read_volatile() };
        // What the caller reads of the file comes after this, in other processors' eyes, too.
        fence(Ordering::Acquire);
        Some(LogState { headers: [half, other], moved })
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
