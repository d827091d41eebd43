//! From one version of the schema to another, by one process at a time.

use scylla::client::session::Session;

use crate::error::{Code, Error, Result};
use crate::store::config::Config;

/// What the operation `migrate` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MigrateRequest {
    /// The version to go to; `None` = this library's.
    pub to: Option<u32>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Migrates; answers a JSON document.
pub(super) async fn migrate(
    _session: &Session,
    _config: &Config,
    _request: &MigrateRequest,
) -> Result<String> {
    Err(Error::new(Code::Unsupported, "clusters are not supported in this version"))
}
