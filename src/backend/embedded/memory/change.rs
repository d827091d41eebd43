//! Changes of a root; each copies the paths to the leaves it touches, unless nobody else has them.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::index::{Name, Named, Timed};
use super::root::{Doc, Root, Space};
use super::tree::Tree;
use crate::store::address::Address;
use crate::store::item::{Meta, Record};

impl Root {
    /// Inserts or replaces.
    pub fn put(&mut self, address: &Address, record: Record<'_>) {
        let held = self.spaces.get(&Name::new(address.path()));
        let path = held.map_or_else(|| Arc::from(address.path()), |space| space.of.path.clone());
        self.store(Arc::new(Doc {
            path,
            key: Box::from(address.key()),
            value: Arc::from(record.value),
            meta: record.meta,
        }));
    }

    /// Sets the expiry of an existing item.
    pub fn touch(&mut self, address: &Address, expires_at: i64) {
        let Some(doc) = self.doc(address) else { return };
        let meta = Meta { expires_at: Some(expires_at), ..doc.meta };
        let (path, value) = (doc.path.clone(), doc.value.clone());
        self.store(Arc::new(Doc { path, key: doc.key.clone(), value, meta }));
    }

    /// Removes; false when there was nothing.
    pub fn delete(&mut self, address: &Address) -> bool {
        let Some(doc) = self.doc(address).cloned() else { return false };
        self.unindex(&doc.meta);
        self.created.remove(&(doc.meta.created_at, 0));
        let name = Name::new(address.path());
        let Some(space) = self.spaces.get_mut(&name) else { return false };
        let space = Arc::make_mut(&mut space.of);
        space.items.remove(&Name::new(address.key()));
        space.permanent -= usize::from(doc.meta.expires_at.is_none());
        if space.items.len() == 0 {
            self.spaces.remove(&name);
        }
        true
    }

    /// Removes at most `max` items whose expiry is at or before `now`; returns how many.
    pub fn reclaim(&mut self, now: i64, max: usize) -> usize {
        let mut expired = Vec::new();
        let _ = self.expires.ascend(None::<&(i64, i64)>, &mut |timed| {
            if timed.at.0 > now || expired.len() == max {
                return ControlFlow::Break(());
            }
            expired.push(Address::new(&timed.of.path, &timed.of.key));
            ControlFlow::Continue(())
        });
        expired.iter().filter(|address| self.delete(address)).count()
    }

    fn store(&mut self, doc: Arc<Doc>) {
        let name = Name::new(&doc.path);
        if self.spaces.get(&name).is_none() {
            let (path, items) = (doc.path.clone(), Tree::default());
            let space = Space { path, items, permanent: 0, latest_expiry: i64::MIN };
            self.spaces.insert(&name, Named::new(Arc::new(space)));
        }
        let Some(space) = self.spaces.get_mut(&name) else { return };
        let space = Arc::make_mut(&mut space.of);
        let replaced = space.items.insert(&Name::new(&doc.key), Named::new(doc.clone()));
        match doc.meta.expires_at {
            None => space.permanent += 1,
            Some(at) => space.latest_expiry = space.latest_expiry.max(at),
        }
        if let Some(old) = &replaced {
            space.permanent -= usize::from(old.of.meta.expires_at.is_none());
        }
        if let Some(old) = replaced {
            let (old, new) = (&old.of.meta, &doc.meta);
            self.unindex(old);
            if old.created_at != new.created_at {
                self.created.remove(&(old.created_at, 0));
            }
        }
        self.index(doc);
    }

    fn index(&mut self, doc: Arc<Doc>) {
        let meta = doc.meta;
        let updated = (meta.updated_at, 0);
        self.updated.insert(&updated, Timed { at: updated, of: doc.clone() });
        if let Some(at) = meta.expires_at {
            let at = (at, meta.updated_at);
            self.expires.insert(&at, Timed { at, of: doc.clone() });
        }
        let created = (meta.created_at, 0);
        self.created.insert(&created, Timed { at: created, of: doc });
    }

    fn unindex(&mut self, meta: &Meta) {
        self.updated.remove(&(meta.updated_at, 0));
        if let Some(at) = meta.expires_at {
            self.expires.remove(&(at, meta.updated_at));
        }
    }
}
