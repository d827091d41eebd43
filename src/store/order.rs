//! The orders of a search, each total: ties are broken by namespace and key, ascending.

use std::cmp::Ordering;

/// What a search sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// Namespace by labels, then key, by code point: the order of storage, cheapest and resumable.
    Key,
    /// The time of the last write.
    UpdatedAt,
    /// The time of creation.
    CreatedAt,
}

/// A sort field and a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// The field.
    pub by: SortBy,
    /// Greatest first. Ties of the time orders stay ascending by namespace and key.
    pub descending: bool,
}

impl Order {
    /// The core's default: by namespace and key, ascending.
    pub const KEY: Order = Order { by: SortBy::Key, descending: false };
}

/// Where an item stands in an order: what a cursor remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Microseconds since 1970 of the order's time; 0 in the order by key.
    pub time_us: i64,
    /// The namespace's joined path.
    pub path: String,
    /// The key.
    pub key: String,
}

impl Order {
    /// Compares two places in this order; `time` is ignored by `SortBy::Key`.
    pub fn compare(&self, a: (i64, &str, &str), b: (i64, &str, &str)) -> Ordering {
        let places = (a.1, a.2).cmp(&(b.1, b.2));
        match (self.by, self.descending) {
            (SortBy::Key, false) => places,
            (SortBy::Key, true) => places.reverse(),
            (_, false) => a.0.cmp(&b.0).then(places),
            (_, true) => b.0.cmp(&a.0).then(places),
        }
    }
}
