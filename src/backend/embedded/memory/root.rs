//! One immutable state of the memory engine.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::index::{Name, Named, Timed};
use super::tree::Tree;
use crate::backend::embedded::engine::{Flow, Scan};
use crate::store::address::{Address, in_scope, scope_end};
use crate::store::item::{Entry, Meta, Record};
use crate::store::order::{Order, SortBy};

/// A stored item. Never changed: a refresh makes a new one that shares the value.
pub struct Doc {
    /// Joined path of the namespace.
    pub path: Arc<str>,
    /// The key.
    pub key: Box<str>,
    /// The value's text.
    pub value: Arc<str>,
    /// Times, version, expiry.
    pub meta: Meta,
}

impl Doc {
    fn entry(&self) -> Entry<'_> {
        Entry { path: &self.path, key: &self.key, record: Record { value: &self.value, meta: self.meta } }
    }

    fn time(&self, by: SortBy) -> i64 {
        match by {
            SortBy::CreatedAt => self.meta.created_at,
            _ => self.meta.updated_at,
        }
    }
}

/// A namespace and its items by key.
#[derive(Clone)]
pub struct Space {
    pub(super) path: Arc<str>,
    pub(super) items: Tree<Named<Doc>>,
    /// Items that never expire.
    pub(super) permanent: usize,
    /// No item of this namespace expires after this.
    pub(super) latest_expiry: i64,
}

impl Space {
    fn is_live(&self, now: i64) -> bool {
        self.permanent > 0
            || (self.latest_expiry > now
                && self
                    .items
                    .ascend(None::<&Name<'_>>, &mut |item| match item.of.meta.is_live(now) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    })
                    .is_break())
    }
}

/// Everything that is stored. A clone costs four references.
#[derive(Clone, Default)]
pub struct Root {
    pub(super) spaces: Tree<Named<Space>>,
    pub(super) updated: Tree<Timed>,
    pub(super) created: Tree<Timed>,
    pub(super) expires: Tree<Timed>,
}

impl Root {
    /// Number of items, expired ones included.
    pub fn items(&self) -> usize {
        self.updated.len()
    }

    /// Number of items with an expiry.
    pub fn expiring(&self) -> usize {
        self.expires.len()
    }

    /// Number of namespaces.
    pub fn namespaces_held(&self) -> usize {
        self.spaces.len()
    }

    pub(super) fn doc(&self, address: &Address) -> Option<&Arc<Doc>> {
        let space = &self.spaces.get(&Name::new(address.path()))?.of;
        Some(&space.items.get(&Name::new(address.key()))?.of)
    }

    /// See `View::get`.
    pub fn get(&self, address: &Address, found: &mut dyn FnMut(Record<'_>)) -> bool {
        let Some(doc) = self.doc(address) else { return false };
        found(doc.entry().record);
        true
    }

    /// See `View::namespaces`.
    pub fn namespaces(&self, scope: &str, from: &str, now: i64, visit: &mut dyn FnMut(&str) -> Flow) {
        let from = Name::new(from.max(scope));
        let _ = self.spaces.ascend(Some(&from), &mut |space| {
            if !in_scope(scope, &space.of.path) {
                return ControlFlow::Break(());
            }
            if space.of.is_live(now) { visit(&space.of.path) } else { ControlFlow::Continue(()) }
        });
    }

    /// See `View::scan`.
    pub fn scan(&self, scan: &Scan<'_>, visit: &mut dyn FnMut(Entry<'_>) -> Flow) {
        let _ = match scan.order.by {
            SortBy::Key => self.scan_keys(scan, &mut |doc| visit(doc.entry())),
            _ => self.scan_times(scan, &mut |doc| visit(doc.entry())),
        };
    }

    fn scan_keys<'a>(&'a self, scan: &Scan<'_>, visit: &mut dyn FnMut(&'a Arc<Doc>) -> Flow) -> Flow {
        let after = scan.after;
        let mut space = |space: &'a Named<Space>| {
            let space = &*space.of;
            if !in_scope(scan.scope, &space.path) {
                return ControlFlow::Break(());
            }
            let after = after.filter(|after| *after.path == *space.path).map(|after| after.key.as_str());
            let from = after.map(Name::new);
            let mut item = |item: &'a Named<Doc>| match after == Some(&*item.of.key) {
                true => ControlFlow::Continue(()),
                false => visit(&item.of),
            };
            match scan.order.descending {
                false => space.items.ascend(from.as_ref(), &mut item),
                true => space.items.descend(from.as_ref(), &mut item),
            }
        };
        if !scan.order.descending {
            let from = after.map_or(scan.scope, |after| after.path.as_str().max(scan.scope));
            return self.spaces.ascend(Some(&Name::new(from)), &mut space);
        }
        let end = scope_end(scan.scope);
        let from = after.map(|after| after.path.as_str()).or(end.as_deref());
        match from {
            // The end of a scope can itself be a namespace, the first one outside.
            Some(from) => self.spaces.descend(Some(&Name::new(from)), &mut |named| {
                let outside = Some(&*named.of.path) == end.as_deref();
                if outside { ControlFlow::Continue(()) } else { space(named) }
            }),
            None => self.spaces.descend(None::<&Name<'_>>, &mut space),
        }
    }

    /// Walks the index of the time while that is cheaper than the scope, else sorts what is left of it.
    ///
    /// The walk may touch half as many entries as the scope holds before it gives up, so the whole
    /// costs at most half more than sorting at once, and the newest of a busy scope come quickly.
    fn scan_times(&self, scan: &Scan<'_>, visit: &mut dyn FnMut(&Arc<Doc>) -> Flow) -> Flow {
        let enough = self.items() / 4;
        let in_reach = self.count_up_to(scan.scope, enough);
        let mut steps = if in_reach > enough { usize::MAX } else { in_reach / 2 };
        let mut reached: Option<i64> = scan.after.map(|after| after.time_us);
        let mut left_over = false;
        let mut step = |timed: &Timed| {
            if reached == Some(timed.at.0) {
                return ControlFlow::Continue(());
            }
            if steps == 0 {
                left_over = true;
                return ControlFlow::Break(());
            }
            steps -= 1;
            reached = Some(timed.at.0);
            if in_scope(scan.scope, &timed.of.path) { visit(&timed.of) } else { ControlFlow::Continue(()) }
        };
        let index = if scan.order.by == SortBy::CreatedAt { &self.created } else { &self.updated };
        let after = scan.after.map(|after| after.time_us);
        let flow = match scan.order.descending {
            false => index.ascend(after.map(|at| (at, i64::MIN)).as_ref(), &mut step),
            true => index.descend(after.map(|at| (at, i64::MAX)).as_ref(), &mut step),
        };
        if left_over { self.sort_scope(scan, reached, visit) } else { flow }
    }

    fn sort_scope(
        &self,
        scan: &Scan<'_>,
        reached: Option<i64>,
        visit: &mut dyn FnMut(&Arc<Doc>) -> Flow,
    ) -> Flow {
        // Greatest first out of the heap: negated times make the ascending order.
        let (by, sign) = (scan.order.by, if scan.order.descending { 1 } else { -1 });
        let mut docs: Vec<ByTime<'_>> = Vec::new();
        let all = Scan { scope: scan.scope, order: Order::KEY, after: None, filter: None, skip: None };
        let _ = self.scan_keys(&all, &mut |doc| {
            let time = sign * doc.time(by);
            if reached.is_none_or(|reached| time < sign * reached) {
                docs.push(ByTime { time, doc });
            }
            ControlFlow::Continue(())
        });
        let mut heap = BinaryHeap::from(docs);
        while let Some(next) = heap.pop() {
            visit(next.doc)?;
        }
        ControlFlow::Continue(())
    }

    /// Items in scope; stops counting when there are more than `enough`.
    fn count_up_to(&self, scope: &str, enough: usize) -> usize {
        if scope.is_empty() {
            return self.items();
        }
        let mut count = 0;
        let _ = self.spaces.ascend(Some(&Name::new(scope)), &mut |space| {
            if !in_scope(scope, &space.of.path) {
                return ControlFlow::Break(());
            }
            count += space.of.items.len();
            if count > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        count
    }
}

/// A document in a heap by time.
struct ByTime<'a> {
    time: i64,
    doc: &'a Arc<Doc>,
}

impl Ord for ByTime<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time.cmp(&other.time)
    }
}

impl PartialOrd for ByTime<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByTime<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time
    }
}

impl Eq for ByTime<'_> {}
