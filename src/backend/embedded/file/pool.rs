//! Read connections: a lock-free pool and the views that borrow from it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::atomic::AtomicCell;
use parking_lot::{Condvar, Mutex};

use super::scan;
use super::session::Session;
use crate::backend::embedded::engine::{Flow, Scan, View};
use crate::error::{Code, Error, Result};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// The read connections that are not in use.
pub struct Pool {
    free: Free,
    /// Connections in existence.
    size: usize,
    /// Threads in `wait`. Raised and read with fences, see `give_back`.
    waiting: AtomicUsize,
    closed: AtomicBool,
    lock: Mutex<()>,
    returned: Condvar,
}

/// Free connections; the one used last is taken first, since its pages and statements are warm.
struct Free {
    last: AtomicCell<Option<Box<Session>>>,
    others: ArrayQueue<Box<Session>>,
    count: AtomicUsize,
}

impl Free {
    fn new(size: usize) -> Self {
        Self { last: AtomicCell::new(None), others: ArrayQueue::new(size), count: AtomicUsize::new(0) }
    }

    /// May miss a connection that is being given back at this moment; whoever waits is told then.
    fn pop(&self) -> Option<Box<Session>> {
        let session = self.last.take().or_else(|| self.others.pop());
        self.count.fetch_sub(usize::from(session.is_some()), Ordering::Relaxed);
        session
    }

    fn push(&self, session: Box<Session>) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if let Some(earlier) = self.last.swap(Some(session)) {
            // Never full: there are as many places as connections.
            let _ = self.others.push(earlier);
        }
    }

    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Pool {
    /// A pool of these connections, at least one.
    pub fn new(sessions: Vec<Session>) -> Arc<Self> {
        let size = sessions.len();
        let free = Free::new(size);
        for session in sessions {
            free.push(Box::new(session));
        }
        Arc::new(Self {
            free,
            size,
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            lock: Mutex::new(()),
            returned: Condvar::new(),
        })
    }

    /// How many connections there are, and how many are free.
    pub fn counts(&self) -> (usize, usize) {
        (self.size, self.free.len())
    }

    /// A view; `None` when all connections are in use and `wait` is false. A view that is held is
    /// one snapshot from now on, otherwise each read is its own.
    pub fn view(self: &Arc<Self>, wait: bool, hold: bool) -> Result<Option<FileView>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(Code::Closed, "the store is closed"));
        }
        let session = match self.free.pop() {
            Some(session) => session,
            None if !wait => return Ok(None),
            None => self.wait(None)?.ok_or_else(|| Error::new(Code::Closed, "the store is closed"))?,
        };
        let mut view = FileView { session: Some(session), pool: Arc::clone(self), held: false };
        if hold {
            view.hold()?;
        }
        Ok(Some(view))
    }

    /// Waits for a connection; `None` after `until`.
    fn wait(&self, until: Option<Instant>) -> Result<Option<Box<Session>>> {
        let mut guard = self.lock.lock();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let found = loop {
            // With the fence in `give_back`: either this pop sees the connection pushed there, or
            // the giver sees `waiting` and notifies, under the lock, after this thread sleeps.
            fence(Ordering::SeqCst);
            if let Some(session) = self.free.pop() {
                break Ok(Some(session));
            }
            match until {
                None if self.closed.load(Ordering::Acquire) => {
                    break Err(Error::new(Code::Closed, "the store was closed while a read waited"));
                }
                None => self.returned.wait(&mut guard),
                Some(until) => {
                    if self.returned.wait_until(&mut guard, until).timed_out() {
                        break Ok(self.free.pop());
                    }
                }
            }
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        found
    }

    fn give_back(&self, session: Box<Session>) {
        self.free.push(session);
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            let _guard = self.lock.lock();
            // All: a waiter that only wants to know about `closed` must not swallow the wake-up.
            self.returned.notify_all();
        }
    }

    /// Closes every connection; waits a while for those in use. One that is in use even then is
    /// closed when its view is dropped.
    pub fn close(&self, patience: Duration) {
        self.closed.store(true, Ordering::Release);
        {
            let _guard = self.lock.lock();
            self.returned.notify_all();
        }
        let until = Instant::now() + patience;
        for _ in 0..self.size {
            match self.wait(Some(until)) {
                Ok(Some(session)) => drop(session),
                _ => return,
            }
        }
    }
}

/// A borrowed read connection.
pub struct FileView {
    session: Option<Box<Session>>,
    pool: Arc<Pool>,
    held: bool,
}

impl FileView {
    fn session(&self) -> &Session {
        self.session.as_ref().expect("only drop takes it")
    }

    /// Fixes the snapshot.
    fn hold(&mut self) -> Result<()> {
        if !self.held {
            self.session().hold()?;
            self.held = true;
        }
        Ok(())
    }
}

impl Drop for FileView {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // A read transaction left open would keep the log from ever being emptied.
            if self.held {
                session.release();
            }
            self.pool.give_back(session);
        }
    }
}

impl View for FileView {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        self.session().get(address, found)
    }

    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        // A scan is several statements.
        self.hold()?;
        scan::scan(self.session(), scan, visit)
    }

    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<()> {
        self.session().namespaces(scope, from, now, visit)
    }
}
