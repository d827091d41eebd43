//! An engine that fails where a test wants it.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::lock::Mutex;

use crate::backend::embedded::engine::{Engine, Flow, Job, Scan, Transaction, View};
use crate::backend::embedded::memory::Memory;
use crate::error::{Code, Error, Result};
use crate::store::address::Address;
use crate::store::item::{Entry, Record};

/// A memory engine that fails to open a given number of times, refuses to put the key "bad", and keeps
/// jobs for the test where it is given a place for them.
pub struct Reluctant {
    pub inner: Memory,
    pub failures: AtomicUsize,
    pub kept: Mutex<Option<Vec<Box<dyn Job>>>>,
}

impl Engine for Reluctant {
    type View = <Memory as Engine>::View;
    fn name(&self) -> &'static str {
        "reluctant"
    }
    fn open(&self) -> Result<()> {
        let left = self.failures.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        left.map_or_else(|_| self.inner.open(), |_| Err(Error::new(Code::Unavailable, "not yet")))
    }
    fn view(&self, wait: bool) -> Result<Option<Self::View>> {
        self.inner.view(wait)
    }
    fn submit(&self, job: Box<dyn Job>) {
        if let Some(kept) = &mut *self.kept.lock() {
            return kept.push(job);
        }
        self.inner.submit(Box::new(Wrapped(job)));
    }
    fn backup(&self, target: &std::path::Path) -> Result<()> {
        self.inner.backup(target)
    }
    fn facts(&self) -> Vec<(&'static str, String)> {
        self.inner.facts()
    }
    fn close(&self) {
        self.inner.close();
    }
}

struct Wrapped(Box<dyn Job>);

impl Job for Wrapped {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        self.0.run(&mut Picky(transaction))
    }
    fn finish(self: Box<Self>, committed: Result<()>) {
        self.0.finish(committed);
    }
}

struct Picky<'a>(&'a mut dyn Transaction);

impl View for Picky<'_> {
    fn get(&mut self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> Result<bool> {
        self.0.get(address, found)
    }
    fn scan(&mut self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) -> Result<()> {
        self.0.scan(scan, visit)
    }
    fn namespaces(
        &mut self,
        scope: &str,
        from: &str,
        now: i64,
        visit: &mut dyn FnMut(&str) -> Flow,
    ) -> Result<()> {
        self.0.namespaces(scope, from, now, visit)
    }
}

impl Transaction for Picky<'_> {
    fn next_time(&mut self, now: i64) -> Result<i64> {
        self.0.next_time(now)
    }
    fn put(&mut self, address: &Address, record: Record<'_>) -> Result<()> {
        if address.key() == "bad" {
            return Err(Error::new(Code::Full, "no space for this one"));
        }
        self.0.put(address, record)
    }
    fn delete(&mut self, address: &Address) -> Result<bool> {
        self.0.delete(address)
    }
    fn touch(&mut self, address: &Address, expires_at: i64) -> Result<()> {
        self.0.touch(address, expires_at)
    }
    fn reclaim(&mut self, now: i64, max: usize) -> Result<usize> {
        self.0.reclaim(now, max)
    }
}
