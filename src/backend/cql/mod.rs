//! ScyllaDB and Apache Cassandra.

#[allow(dead_code)]
mod admin;
#[allow(dead_code)]
mod connect;
#[allow(dead_code)]
mod migrate;
#[allow(dead_code)]
mod profile;
#[allow(dead_code)]
mod schema;
#[allow(dead_code)]
mod tls;
