//! What a store says, does and counts when the protocol between it and a real cluster goes wrong: every
//! kind of error a server can answer, requests and answers that are lost or late, connections that break,
//! statements that a node has forgotten.
//!
//! `scylla-proxy` stands between the store and a node. Its sockets wait for each other (Nagle's algorithm
//! and delayed acknowledgements), some 44 ms per request: no time here is a latency, and many requests
//! go side by side. Two proxies in front of one node make a cluster of two for the driver.
#![cfg(feature = "cql")]

mod answers;
mod batches;
mod breaker;
#[path = "../cluster/mod.rs"]
mod cluster;
mod frames;
mod lost;
mod place;
mod prepared;
mod resets;
mod rig;
mod shards;
mod store;
mod two_nodes;
