//! How the trees of the memory engine are ordered: by name and by time.

use std::cmp::Ordering;
use std::sync::Arc;

use super::root::{Doc, Space};
use super::tree::{Item, Probe};

/// Something with a text that it is found by.
pub trait HasName {
    /// The text.
    fn name(&self) -> &str;
}

impl HasName for Doc {
    fn name(&self) -> &str {
        &self.key
    }
}

impl HasName for Space {
    fn name(&self) -> &str {
        &self.path
    }
}

/// The first 16 bytes of a text as numbers in the order of the text; shorter ones filled with zeros.
/// Different heads order as the texts do, so most comparisons touch nothing outside of the node.
type Head = (u64, u64);

fn head(text: &str) -> Head {
    let part = |from: usize| {
        let mut bytes = [0; 8];
        let have = text.as_bytes().get(from..).unwrap_or_default();
        let have = &have[..have.len().min(8)];
        bytes[..have.len()].copy_from_slice(have);
        u64::from_be_bytes(bytes)
    };
    (part(0), part(8))
}

/// Compares two texts of the same head.
fn rest(a: &str, b: &str) -> Ordering {
    // With at most 16 bytes all is said, but for zeros at the end: the shorter one has fewer.
    if a.len().max(b.len()) <= 16 { a.len().cmp(&b.len()) } else { a.cmp(b) }
}

/// A reference in a tree that is ordered by name.
pub struct Named<V> {
    head: Head,
    /// The thing itself.
    pub of: Arc<V>,
}

impl<V> Clone for Named<V> {
    fn clone(&self) -> Self {
        Self { head: self.head, of: self.of.clone() }
    }
}

impl<V: HasName> Named<V> {
    /// A reference to `of`.
    pub fn new(of: Arc<V>) -> Self {
        Self { head: head(of.name()), of }
    }
}

impl<V: HasName> Item for Named<V> {
    type Key = (Head, Arc<str>);
    fn key(&self) -> Self::Key {
        (self.head, Arc::from(self.of.name()))
    }
}

/// A text to look for.
pub struct Name<'a> {
    head: Head,
    text: &'a str,
}

impl<'a> Name<'a> {
    /// To look for `text`.
    pub fn new(text: &'a str) -> Self {
        Self { head: head(text), text }
    }
}

impl<V: HasName> Probe<Named<V>> for Name<'_> {
    fn item(&self, item: &Named<V>) -> Ordering {
        item.head.cmp(&self.head).then_with(|| rest(item.of.name(), self.text))
    }
    fn key(&self, key: &(Head, Arc<str>)) -> Ordering {
        key.0.cmp(&self.head).then_with(|| rest(&key.1, self.text))
    }
}

/// A reference in an index of times. The writer never hands out a time twice, so `at` is unique
/// (an expiry with the time of the write is).
#[derive(Clone)]
pub struct Timed {
    /// Its place.
    pub at: (i64, i64),
    /// The item.
    pub of: Arc<Doc>,
}

impl Item for Timed {
    type Key = (i64, i64);
    fn key(&self) -> Self::Key {
        self.at
    }
}

impl Probe<Timed> for (i64, i64) {
    fn item(&self, item: &Timed) -> Ordering {
        item.at.cmp(self)
    }
    fn key(&self, key: &(i64, i64)) -> Ordering {
        key.cmp(self)
    }
}
