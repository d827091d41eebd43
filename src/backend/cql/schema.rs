//! Keyspace, tables and what was decided when they were made.

use scylla::client::session::Session;

use crate::error::{Code, Error, Result};
use crate::store::config::Config;

/// What holds for the tables of a store and never changes after their creation, and what the server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Parts of the namespace index.
    pub buckets: u32,
    /// The longest time to live that the server takes, in seconds.
    pub max_ttl_s: u32,
}

/// Creates or migrates what is missing (or, with `schema.create` off, checks that nothing is).
pub(super) async fn prepare_schema(_session: &Session, _config: &Config) -> Result<Format> {
    Err(Error::new(Code::Unsupported, "clusters are not supported in this version"))
}
