//! Warm-up, health and what the cluster says of itself.

use std::sync::Arc;

use super::cluster::Cluster;
use super::migrate;
use crate::error::{Code, Error, Result};
use crate::store::config::Config;
use crate::store::operation::Admin;

/// Runs an operation of the store's care on an open cluster.
pub(super) async fn run(cluster: &Arc<Cluster>, admin: &Admin) -> Result<String> {
    match admin {
        Admin::Migrate(request) => migrate::migrate(&cluster.session, &cluster.config, request).await,
        Admin::Open | Admin::Warmup => Ok("null".to_owned()),
        _ => Err(Error::new(Code::Unsupported, "not on a cluster yet")),
    }
}

/// The health document, also of a cluster that could not be opened.
pub(super) async fn health(opened: Result<Arc<Cluster>>, _config: &Config) -> Result<String> {
    opened.map(|_| "{}".to_owned())
}
