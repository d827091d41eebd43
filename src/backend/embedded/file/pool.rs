//! Read connections: a lock-free pool and the views that borrow from it.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::scan;
use super::session::Session;
use crate::backend::embedded::engine::{Flow, Scan, View};
use crate::error::{Code, Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// Where a connection rests.
type Place = AtomicCell<Option<Box<Session>>>;

thread_local! {
    /// Where this thread found a connection the last time, in whichever pool.
    static PLACE: Cell<usize> = const { Cell::new(0) };
}

/// The read connections that are not in use.
///
/// Each has a place of its own, an atomic pointer. A thread looks first where it found one the last
/// time: one thread alone always has the same connection, whose memory is warm (a queue, which
/// hands out the one that has rested longest, made a get a sixth slower), and several keep apart.
pub struct Pool {
    places: Box<[CachePadded<Place>]>,
    /// Threads in `wait`. Raised and read with fences, see `give_back`.
    waiting: AtomicUsize,
    closed: AtomicBool,
    lock: Mutex<()>,
    returned: Condvar,
}

impl Pool {
    /// A pool of these connections, at least one.
    pub fn new(sessions: Vec<Session>) -> Arc<Self> {
        let place = |session| CachePadded::new(AtomicCell::new(Some(Box::new(session))));
        Arc::new(Self {
            places: sessions.into_iter().map(place).collect(),
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            lock: Mutex::new(()),
            returned: Condvar::new(),
        })
    }

    /// How many connections there are, and how many are in use: each view holds the pool.
    pub fn counts(self: &Arc<Self>) -> (usize, usize) {
        (self.places.len(), Arc::strong_count(self) - 1)
    }

    /// A connection and its place, if one is free.
    fn take(&self) -> Option<(usize, Box<Session>)> {
        let first = PLACE.get();
        let count = self.places.len();
        for step in 0..count {
            let place = (first + step) % count;
            if let Some(session) = self.places[place].take() {
                if step > 0 {
                    PLACE.set(place);
                }
                return Some((place, session));
            }
        }
        None
    }

    /// A view; `None` when all connections are in use and `wait` is false. A view that is held is
    /// one snapshot from now on, otherwise each read is its own.
    pub fn view(self: &Arc<Self>, wait: bool, hold: bool) -> Result<Option<FileView>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(Code::Closed, "the store is closed"));
        }
        let (place, session) = match self.take() {
            Some(found) => found,
            None if !wait => return Ok(None),
            None => self.wait(None)?.ok_or_else(|| Error::new(Code::Closed, "the store is closed"))?,
        };
        let mut view = FileView { session: Some(session), place, pool: Arc::clone(self), held: false };
        if hold {
            view.hold()?;
        }
        Ok(Some(view))
    }

    /// Waits for a connection; `None` after `until`.
    fn wait(&self, until: Option<Instant>) -> Result<Option<(usize, Box<Session>)>> {
        let mut guard = self.lock.lock();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let found = loop {
            // With the fence in `give_back`: either this look sees the connection put there, or
            // the giver sees `waiting` and notifies, under the lock, after this thread sleeps.
            fence(Ordering::SeqCst);
            if let Some(found) = self.take() {
                break Ok(Some(found));
            }
            match until {
                None if self.closed.load(Ordering::Acquire) => {
                    break Err(Error::new(Code::Closed, "the store was closed while a read waited"));
                }
                None => self.returned.wait(&mut guard),
                Some(until) => {
                    if self.returned.wait_until(&mut guard, until) {
                        break Ok(self.take());
                    }
                }
            }
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        found
    }

    fn give_back(&self, place: usize, session: Box<Session>) {
        self.places[place].store(Some(session));
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
        for _ in 0..self.places.len() {
            match self.wait(Some(until)) {
                Ok(Some((_, session))) => drop(session),
                _ => return,
            }
        }
    }
}

/// A borrowed read connection.
pub struct FileView {
    session: Option<Box<Session>>,
    place: usize,
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
            self.pool.give_back(self.place, session);
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
