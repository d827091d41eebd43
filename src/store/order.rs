//! The orders of a search, each total: ties are broken by namespace and key, ascending.

use std::cmp::Ordering;

use super::config::OrderName;
use super::item::Meta;

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

impl SortBy {
    /// The item's time that this sorts by; 0 by key.
    pub fn time_of(self, meta: &Meta) -> i64 {
        match self {
            SortBy::Key => 0,
            SortBy::UpdatedAt => meta.updated_at,
            SortBy::CreatedAt => meta.created_at,
        }
    }
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

impl Order {
    /// Every order with its name in requests and configurations.
    const NAMES: [(&'static str, SortBy, bool); 9] = [
        ("key", SortBy::Key, false),
        ("key asc", SortBy::Key, false),
        ("key desc", SortBy::Key, true),
        ("updated_at", SortBy::UpdatedAt, false),
        ("updated_at asc", SortBy::UpdatedAt, false),
        ("updated_at desc", SortBy::UpdatedAt, true),
        ("created_at", SortBy::CreatedAt, false),
        ("created_at asc", SortBy::CreatedAt, false),
        ("created_at desc", SortBy::CreatedAt, true),
    ];

    /// The order of this name: `key`, `updated_at` or `created_at`, then nothing, ` asc` or ` desc`.
    pub fn parse(name: &str) -> Option<Order> {
        let (_, by, descending) = Self::NAMES.into_iter().find(|(known, ..)| *known == name)?;
        Some(Order { by, descending })
    }

    /// The names that [`Order::parse`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().map(|(name, ..)| name)
    }
}

impl From<OrderName> for Order {
    fn from(name: OrderName) -> Order {
        let (by, descending) = match name {
            OrderName::KeyAsc => (SortBy::Key, false),
            OrderName::KeyDesc => (SortBy::Key, true),
            OrderName::UpdatedAsc => (SortBy::UpdatedAt, false),
            OrderName::UpdatedDesc => (SortBy::UpdatedAt, true),
            OrderName::CreatedAsc => (SortBy::CreatedAt, false),
            OrderName::CreatedDesc => (SortBy::CreatedAt, true),
        };
        Order { by, descending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_a_direction() {
        let updated = |descending| Some(Order { by: SortBy::UpdatedAt, descending });
        assert_eq!(Order::parse("key"), Some(Order::KEY));
        assert_eq!(Order::parse("updated_at"), updated(false));
        assert_eq!(Order::parse("updated_at asc"), updated(false));
        assert_eq!(Order::parse("updated_at desc"), updated(true));
        for bad in ["", "keys", "key  asc", "KEY", "key ascending", " key", "score"] {
            assert_eq!(Order::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn ties_of_time_stay_ascending_in_both_directions() {
        let (a, b) = ((5, "n", "a"), (5, "n", "b"));
        for descending in [false, true] {
            let order = Order { by: SortBy::CreatedAt, descending };
            assert_eq!(order.compare(a, b), Ordering::Less);
        }
        assert_eq!(Order { by: SortBy::Key, descending: true }.compare(a, b), Ordering::Greater);
    }
}
