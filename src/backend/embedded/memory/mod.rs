//! The engine that keeps everything in memory and nothing on disk.
//!
//! One immutable `root::Root` is current; a view is a reference to it, so readers never wait and
//! hold nobody up. Writers combine (see [`Memory::submit`]).

mod change;
mod index;
mod root;
mod slots;
mod tree;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use crate::lock::Mutex;
use arc_swap::ArcSwap;
use crossbeam_queue::SegQueue;

use self::root::Root;
use super::engine::{Engine, Flow, Job, Now, Scan, Transaction, View};
use super::guarded;
use crate::error::{Code, Error, Result};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// Jobs that are carried out before any of them is told: bounds the time to the first answer.
const GROUP: usize = 1_024;

/// The engine.
#[derive(Default)]
pub struct Memory {
    current: ArcSwap<Root>,
    queue: SegQueue<Box<dyn Job>>,
    writer: Mutex<Writer>,
    closed: AtomicBool,
}

/// What belongs to whoever carries out the writes.
#[derive(Default)]
struct Writer {
    root: Root,
    last_time: i64,
}

impl Writer {
    /// Does `work`, and undoes it if it fails.
    fn undo_unless(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = self.root.clone();
        let ran = guarded(|| work(self));
        if ran.is_err() {
            self.root = before;
        }
        ran
    }
}

/// A job that has run, and how it went.
type Done = (Box<dyn Job>, Result<()>);

impl Memory {
    /// An empty engine.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs what is queued, as one group: published at once, each job undone alone if it fails.
    fn run_queued(&self, writer: &mut Writer, done: &mut Vec<Done>) {
        let begun = done.len();
        while done.len() < GROUP {
            let Some(mut job) = self.queue.pop() else { break };
            if self.closed.load(Ordering::Acquire) {
                done.push((job, Err(closed())));
                continue;
            }
            let ran = writer.undo_unless(|writer| job.run(writer));
            done.push((job, ran));
        }
        if done.len() > begun {
            self.publish(writer);
        }
    }

    fn publish(&self, writer: &Writer) {
        self.current.store(Arc::new(writer.root.clone()));
    }
}

impl Engine for Memory {
    type View = Snapshot;

    fn name(&self) -> &'static str {
        "memory"
    }

    fn open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    fn view(&self, _wait: bool) -> Result<Option<Snapshot>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        Ok(Some(Snapshot(self.current.load_full())))
    }

    /// Takes the writer if it is free and nobody waits for it.
    ///
    /// The look at the queue after the unlock is the one that `submit` argues with: a job that was queued while
    /// this held the lock is seen here. The caller may be a thread of the host, where nobody else's work belongs;
    /// so it is only told of it.
    fn write_now(&self, work: &mut dyn FnMut(&mut dyn Transaction) -> Result<()>) -> Option<Now> {
        if !self.queue.is_empty() {
            return None;
        }
        let mut writer = self.writer.try_lock()?;
        let outcome = if self.closed.load(Ordering::Acquire) {
            Err(closed())
        } else {
            writer.undo_unless(|writer| work(writer)).inspect(|()| self.publish(&writer))
        };
        drop(writer);
        fence(Ordering::SeqCst);
        Some(Now { outcome, left: !self.queue.is_empty() })
    }

    /// Queues the job; whoever finds the writer free carries out everything that is queued, for all.
    ///
    /// No job is left behind. A submitter queues its job, fences, and tries the lock. The holder
    /// of the lock unlocks, fences, and looks at the queue. Of two sequentially consistent fences
    /// one is first: if the submitter's, the holder's look sees the job and goes on; if the
    /// holder's, the submitter's try comes after the unlock and succeeds, unless a third thread
    /// has the lock by then, and it will look in turn.
    ///
    /// Jobs are finished without the lock, after that look: a slow caller's callback delays the
    /// answers of its own group, not the writes of others. At the cap of a group the same thread
    /// finishes it and goes on.
    fn submit(&self, job: Box<dyn Job>) {
        self.queue.push(job);
        self.run_left();
    }

    fn run_left(&self) {
        let mut done: Vec<Done> = Vec::new();
        loop {
            fence(Ordering::SeqCst);
            match self.writer.try_lock() {
                Some(mut writer) => self.run_queued(&mut writer, &mut done),
                None => break,
            }
            fence(Ordering::SeqCst);
            if done.len() >= GROUP {
                finish(&mut done);
            }
            if self.queue.is_empty() {
                break;
            }
        }
        finish(&mut done);
    }

    fn backup(&self, _target: &Path) -> Result<()> {
        Err(Error::new(Code::Unsupported, "a store in memory has no file to copy; give it a path"))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let root = self.current.load();
        vec![
            ("items", root.items().to_string()),
            ("expiring", root.expiring().to_string()),
            ("namespaces", root.namespaces_held().to_string()),
        ]
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Jobs that run now end first; the rest is dropped, outside the lock.
        let mut writer = self.writer.lock();
        let root = std::mem::take(&mut writer.root);
        drop(writer);
        self.current.store(Arc::default());
        drop(root);
        while let Some(job) = self.queue.pop() {
            drop(job);
        }
    }
}

/// Tells the jobs how they went. One that panics while it is told keeps nothing from the others.
fn finish(done: &mut Vec<Done>) {
    for (job, outcome) in done.drain(..) {
        let _ = catch_unwind(AssertUnwindSafe(|| job.finish(outcome)));
    }
}

fn closed() -> Error {
    Error::new(Code::Closed, "the store is closed")
}

/// A state of the store.
pub struct Snapshot(Arc<Root>);

impl View for Snapshot {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        Ok(self.0.get(address, found))
    }

    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        self.0.scan(scan, visit);
        Ok(())
    }

    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> Flow,
    ) -> Result<()> {
        self.0.namespaces(scope, from, now, visit);
        Ok(())
    }
}

impl View for Writer {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        Ok(self.root.get(address, found))
    }

    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        self.root.scan(scan, visit);
        Ok(())
    }

    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> Flow,
    ) -> Result<()> {
        self.root.namespaces(scope, from, now, visit);
        Ok(())
    }
}

impl Transaction for Writer {
    fn next_time(&mut self, now: i64) -> Result<i64> {
        self.last_time = now.max(self.last_time + 1);
        Ok(self.last_time)
    }

    fn put(&mut self, address: &Address, record: Record<'_>) -> Result<()> {
        self.root.put(address, record);
        Ok(())
    }

    fn delete(&mut self, address: &Address) -> Result<bool> {
        Ok(self.root.delete(address))
    }

    fn touch(&mut self, address: &Address, expires_at: i64) -> Result<()> {
        self.root.touch(address, expires_at);
        Ok(())
    }

    fn reclaim(&mut self, now: i64, max: usize) -> Result<usize> {
        Ok(self.root.reclaim(now, max))
    }
}
