//! Read connections: a lock-free pool and the views that borrow from it.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::pins::Reader;
use super::scan;
use super::session::Session;
use crate::backend::embedded::engine::{Flow, Scan, View};
use crate::error::{Code, Error, Result};
use crate::lock::{Condvar, Mutex};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// Where a connection rests.
#[derive(Default)]
struct Place {
    reader: AtomicCell<Option<Box<Reader>>>,
    /// The period in which it was put here pinned, or 0. A hint: only who takes it knows.
    pinned: AtomicU64,
}

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
    /// Somebody calls `unpin_unused` from time to time.
    watched: AtomicBool,
    closed: AtomicBool,
    /// Counts the calls of `unpin_unused`, from 1.
    period: AtomicU64,
    /// Starts those calls.
    watch: OnceLock<Box<dyn Fn() + Send + Sync>>,
    lock: Mutex<()>,
    returned: Condvar,
}

impl Pool {
    /// A pool of these connections, at least one.
    pub fn new(readers: Vec<Reader>) -> Arc<Self> {
        let place = |reader| {
            CachePadded::new(Place { reader: AtomicCell::new(Some(Box::new(reader))), ..Place::default() })
        };
        Arc::new(Self {
            places: readers.into_iter().map(place).collect(),
            waiting: AtomicUsize::new(0),
            watched: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            period: AtomicU64::new(1),
            watch: OnceLock::new(),
            lock: Mutex::new(()),
            returned: Condvar::new(),
        })
    }

    /// How many connections there are, how many are in use (each view holds the pool, as do `others`),
    /// and how many rest pinned.
    pub fn counts(self: &Arc<Self>, others: usize) -> (usize, usize, usize) {
        let pinned = self.places.iter().filter(|place| place.pinned.load(Ordering::Relaxed) != 0).count();
        (self.places.len(), Arc::strong_count(self).saturating_sub(others), pinned)
    }

    /// Whom to tell, once, when a connection comes back pinned and nobody calls `unpin_unused`.
    pub fn set_watch(&self, watch: impl Fn() + Send + Sync + 'static) {
        let _ = self.watch.set(Box::new(watch));
    }

    /// Unpins every connection that is not in use: they would be in a checkpoint's way. One in use
    /// looks by itself when its view ends.
    pub fn unpin_idle(&self) {
        self.unpin(|_| true);
    }

    /// Unpins what was last used before the call before this one. Returns whether a pin is left, so
    /// that it must be called again; otherwise the next pin calls for it.
    pub fn unpin_unused(&self) -> bool {
        let ending = self.period.fetch_add(1, Ordering::Relaxed);
        self.unpin(|used| used < ending);
        self.watched.store(false, Ordering::Relaxed);
        // With the fence in `give_back`: either the pin is seen here, or its giver sees that nobody
        // watches.
        fence(Ordering::SeqCst);
        let left = self.places.iter().any(|place| place.pinned.load(Ordering::Relaxed) != 0);
        if left {
            self.watched.store(true, Ordering::Relaxed);
        }
        left
    }

    fn unpin(&self, which: impl Fn(u64) -> bool) {
        for (number, place) in self.places.iter().enumerate() {
            let used = place.pinned.load(Ordering::Relaxed);
            if used != 0
                && which(used)
                && let Some(mut reader) = place.reader.take()
            {
                reader.unpin();
                self.give_back(number, reader);
            }
        }
    }

    /// A connection and its place, if one is free.
    fn take(&self) -> Option<(usize, Box<Reader>)> {
        let first = PLACE.get();
        let count = self.places.len();
        for step in 0..count {
            let place = (first + step) % count;
            if let Some(reader) = self.places[place].reader.take() {
                if step > 0 {
                    PLACE.set(place);
                }
                return Some((place, reader));
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
        let (place, mut reader) = match self.take() {
            Some(found) => found,
            None if !wait => return Ok(None),
            None => self.wait(None)?.ok_or_else(|| Error::new(Code::Closed, "the store is closed"))?,
        };
        if !hold {
            reader.one_read();
        }
        let mut view =
            FileView { reader: Some(reader), place, pool: Arc::clone(self), held: false, failed: false };
        if hold {
            view.hold()?;
        }
        Ok(Some(view))
    }

    /// Waits for a connection; `None` after `until`.
    fn wait(&self, until: Option<Instant>) -> Result<Option<(usize, Box<Reader>)>> {
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

    fn give_back(&self, place: usize, reader: Box<Reader>) {
        let pinned = reader.pinned();
        let used = if pinned { self.period.load(Ordering::Relaxed) } else { 0 };
        let place = &self.places[place];
        place.pinned.store(used, Ordering::Relaxed);
        place.reader.store(Some(reader));
        fence(Ordering::SeqCst);
        if pinned && !self.watched.load(Ordering::Relaxed) {
            self.call_watch();
        }
        if self.waiting.load(Ordering::Relaxed) > 0 {
            let _guard = self.lock.lock();
            // All: a waiter that only wants to know about `closed` must not swallow the wake-up.
            self.returned.notify_all();
        }
    }

    #[cold]
    fn call_watch(&self) {
        if !self.watched.swap(true, Ordering::Relaxed)
            && let Some(watch) = self.watch.get()
        {
            watch();
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
                Ok(Some((place, reader))) => {
                    drop(reader);
                    self.places[place].pinned.store(0, Ordering::Relaxed);
                }
                _ => return,
            }
        }
    }
}

/// A borrowed read connection.
pub struct FileView {
    reader: Option<Box<Reader>>,
    place: usize,
    pool: Arc<Pool>,
    /// All reads see one snapshot.
    held: bool,
    failed: bool,
}

impl FileView {
    fn session(&self) -> &Session {
        self.reader.as_ref().expect("only drop takes it")
    }

    /// Fixes the snapshot.
    fn hold(&mut self) -> Result<()> {
        if !self.held {
            self.reader.as_mut().expect("only drop takes it").hold()?;
            self.held = true;
        }
        Ok(())
    }

    /// SQLite may end a transaction at an error: whoever comes next has a new one.
    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        self.failed |= result.is_err();
        result
    }
}

impl Drop for FileView {
    fn drop(&mut self) {
        if let Some(mut reader) = self.reader.take() {
            if self.failed {
                reader.unpin();
            }
            // A read transaction left open would keep the log from ever being emptied.
            reader.end();
            self.pool.give_back(self.place, reader);
        }
    }
}

impl View for FileView {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        let result = self.session().get(address, found);
        self.note(result)
    }

    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        // A scan is several statements.
        self.hold()?;
        let result = scan::scan(self.session(), scan, visit);
        self.note(result)
    }

    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<()> {
        let result = self.session().namespaces(scope, from, now, visit);
        self.note(result)
    }
}
