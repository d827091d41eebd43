//! From a configuration to a session with the cluster.

use scylla::client::session::Session;

use super::profile::Profiles;
use crate::error::{Code, Error, Result};
use crate::store::config::Config;

/// A session and its execution profiles.
pub(super) struct Connection {
    pub session: Session,
    pub profiles: Profiles,
}

/// Connects, once.
///
/// Errors: `Unavailable` (no node answers), `Unauthorized`, `InvalidArg` (files, data centre).
pub(super) async fn connect(_config: &Config) -> Result<Connection> {
    Err(Error::new(Code::Unsupported, "clusters are not supported in this version"))
}
