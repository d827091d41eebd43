//! The engine on real files.

mod basics;
mod filters;
mod format;
mod opening;
mod orders;
mod pins;
mod plans;
mod writing;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc;

use super::FileEngine;
use crate::backend::embedded::engine::{Engine, Job, Scan, Transaction, View};
use crate::error::Result;
use crate::store::address::Address;
use crate::store::config::Config;
use crate::store::item::{Meta, Record};
use crate::store::order::{Order, Position, SortBy};

pub const ORDERS: [Order; 6] = [
    Order { by: SortBy::Key, descending: false },
    Order { by: SortBy::Key, descending: true },
    Order { by: SortBy::UpdatedAt, descending: false },
    Order { by: SortBy::UpdatedAt, descending: true },
    Order { by: SortBy::CreatedAt, descending: false },
    Order { by: SortBy::CreatedAt, descending: true },
];

type Work = Box<dyn FnMut(&mut dyn Transaction) -> Result<()> + Send>;

/// A job made of a closure; its outcome goes to a channel.
pub struct Closure {
    pub work: Work,
    pub outcome: mpsc::Sender<Result<()>>,
    pub expired: bool,
}

impl Job for Closure {
    fn run(&mut self, transaction: &mut dyn Transaction) -> Result<()> {
        (self.work)(transaction)
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let _ = self.outcome.send(committed);
    }

    fn expired(&self) -> bool {
        self.expired
    }
}

/// Queues a closure; the receiver gets its outcome, or closes when the job is dropped.
pub fn submit(
    engine: &FileEngine,
    work: impl FnMut(&mut dyn Transaction) -> Result<()> + Send + 'static,
) -> mpsc::Receiver<Result<()>> {
    let (outcome, received) = mpsc::channel();
    engine.submit(Box::new(Closure { work: Box::new(work), outcome, expired: false }));
    received
}

/// Runs a closure and waits.
pub fn write(
    engine: &FileEngine,
    work: impl FnMut(&mut dyn Transaction) -> Result<()> + Send + 'static,
) -> Result<()> {
    submit(engine, work).recv().expect("the job was finished")
}

pub fn config(path: &Path) -> Config {
    Config { path: Some(path.to_str().unwrap().to_owned()), ..Config::default() }
}

pub fn open(path: &Path) -> FileEngine {
    let engine = FileEngine::new(&config(path));
    engine.open().unwrap();
    engine
}

pub fn meta(time: i64) -> Meta {
    Meta {
        created_at: time,
        updated_at: time,
        version: [7; 16],
        expires_at: None,
        ttl_us: None,
        duplicates: false,
    }
}

/// Puts one item at the next time.
pub fn put(engine: &FileEngine, path: &str, key: &str, value: &str) -> Result<()> {
    let (address, value) = (Address::new(path, key), value.to_owned());
    write(engine, move |tx| {
        let meta = meta(tx.next_time(1)?);
        tx.put(&address, Record { value: &value, meta })
    })
}

pub fn get(view: &mut dyn View, path: &str, key: &str) -> Option<(String, Meta)> {
    let mut found = None;
    let any = view
        .get(&Address::new(path, key), &mut |record| found = Some((record.value.to_owned(), record.meta)))
        .unwrap();
    assert_eq!(any, found.is_some());
    found
}

pub fn get_now(engine: &FileEngine, path: &str, key: &str) -> Option<String> {
    get(&mut engine.view(true).unwrap().unwrap(), path, key).map(|(value, _)| value)
}

/// Positions of a scan's entries, at most `limit`.
pub fn positions(
    view: &mut dyn View,
    scope: &str,
    order: Order,
    after: Option<&Position>,
    limit: usize,
) -> Vec<Position> {
    let mut found = Vec::new();
    if limit == 0 {
        return found;
    }
    let scan = Scan { scope, order, after, filter: None, skip: None };
    view.scan(&scan, &mut |entry| {
        let meta = &entry.record.meta;
        let time_us = match order.by {
            SortBy::Key => 0,
            SortBy::UpdatedAt => meta.updated_at,
            SortBy::CreatedAt => meta.created_at,
        };
        found.push(Position { time_us, path: entry.path.to_owned(), key: entry.key.to_owned() });
        if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    found
}

pub fn namespaces(view: &mut dyn View, scope: &str, from: &str, now: i64) -> Vec<String> {
    let mut found = Vec::new();
    view.namespaces(scope, from, now, &mut |path| {
        found.push(path.to_owned());
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

/// A fact as a number.
pub fn fact(engine: &FileEngine, name: &str) -> i64 {
    let facts = engine.facts();
    let (_, text) = facts.iter().find(|(fact, _)| *fact == name).expect("a fact of this name");
    text.parse().unwrap()
}
