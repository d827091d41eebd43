//! Opening a store on a real cluster, at the boundary a caller sees: the schema and its migrations, and
//! what is said when opening fails.
//!
//! The cluster is the one of `LGSTORE_TEST_CONTACT_POINTS`, or one that `tests/cluster` starts; the tests of
//! passwords and certificates start a second one that asks for both. Both end with this process. Every test
//! works in a keyspace of its own and drops it.
#![cfg(feature = "cql")]

mod care;
mod cluster;
mod forward;
mod migrations;
mod place;
mod refusals;
mod schema;
mod secure;
mod together;
