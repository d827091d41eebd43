//! Namespaces, searches, listings, counts and delete_prefix on a real cluster, at the boundary a caller sees.
//!
//! The cluster is the one of `LGSTORE_TEST_CONTACT_POINTS`, or one that `tests/cluster` starts and that ends
//! with this process. Every test works in a keyspace of its own and drops it.
#![cfg(feature = "cql")]

mod adopted;
mod boundary;
mod deleting;
mod large;
mod listing;
mod place;
mod reads;
mod removal;
mod searching;
