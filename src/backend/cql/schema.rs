//! Keyspace, tables and what was decided when they were made.
//!
//! The tables (version 1), in the configured keyspace:
//!
//! | table | key | columns |
//! |---|---|---|
//! | `store` | `((prefix text), key text)` | `value text`, `created_at timestamp`, `updated_at timestamp`, `version uuid`, `ttl_seconds int`, `sub_ms int` |
//! | `store_namespaces` | `((bucket int), path text)` | `seen_at timestamp` |
//! | `store_meta` | `((name text))` | `value text` |
//!
//! `store` is the founding guide's table and three columns more, so that a table of that guide is taken
//! over by adding columns. `store_meta` holds what must be known before anything else: the version of
//! the schema, the number of buckets, the lock of the migrations.

mod ddl;
mod meta;
mod observed;

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;

pub(super) use self::ddl::{Server, alter, create_keyspace, create_meta, create_namespaces, create_store};
pub(super) use self::meta::{Cas, Meta, run};
pub(super) use self::observed::{ADDED, Observed};
use super::migrate;
use crate::error::{Code, Error, Result};
use crate::store::config::Config;

/// The version of the schema that this library works with.
pub(super) const LATEST: u32 = 1;

/// 20 years: the longest time to live that CQL knows.
const LONGEST_TTL_S: u32 = 630_720_000;
/// The last second that a cell of a stock Cassandra can live to: 2038-01-19 03:14:06 UTC.
const LAST_SECOND: u64 = 2_147_483_646;

/// What holds for the tables of a store and never changes after their creation, and what the server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Parts of the namespace index.
    pub buckets: u32,
    /// The longest time to live that the server takes, in seconds, when the store was opened.
    pub max_ttl_s: u32,
}

/// Creates or migrates what is missing (or, with `schema.create` off, checks that nothing is), and reads
/// what was decided.
///
/// Errors: `NotFound` (no keyspace), `Conflict` (a newer schema, another table of that name, and with
/// `schema.create` off what is missing), `Unauthorized`, `InvalidArg` (replication that the cluster
/// can't have, a default TTL that the server does not take), `Unavailable`.
pub(super) async fn prepare_schema(session: &Session, config: &Config) -> Result<Format> {
    let mut state = State::read(session, config).await?;
    state.refuse_foreign(config)?;
    if let Some(missing) = state.missing(config) {
        if !config.schema.create {
            return Err(missing);
        }
        migrate::to_latest(session, config).await?;
        state = State::read(session, config).await?;
        state.refuse_foreign(config)?;
        if let Some(missing) = state.missing(config) {
            return Err(missing);
        }
    }
    let Some(buckets) = state.buckets else {
        let message = "store_meta does not say how many buckets the namespace index has";
        return Err(Error::new(Code::Corrupt, message));
    };
    if session.get_cluster_state().get_keyspace(config.keyspace()).is_none() {
        // Made after we connected: without it statements find their replicas only by chance.
        session.refresh_metadata().await.map_err(|error| {
            Error::new(Code::Unavailable, format!("the cluster's schema could not be read: {error}"))
        })?;
    }
    let format = Format { buckets, max_ttl_s: max_ttl_s(session, config).await? };
    check_default_ttl(config, format)?;
    Ok(format)
}

/// What is there.
#[derive(Debug)]
pub(super) struct State {
    pub observed: Observed,
    /// The schema's version; 0 = none of ours, perhaps the founding guide's.
    pub version: u32,
    /// As it stands in `store_meta`.
    pub raw_version: Option<String>,
    pub buckets: Option<u32>,
}

impl State {
    pub async fn read(session: &Session, config: &Config) -> Result<Self> {
        let observed = Observed::read(session, config.keyspace()).await?;
        let meta = if observed.has_table("store_meta") {
            Meta::new(session, config).read(&["schema_version", "namespace_buckets"]).await?
        } else {
            HashMap::new()
        };
        let buckets =
            meta.get("namespace_buckets").map(|text| number("namespace_buckets", text)).transpose()?;
        let mut state = Self { observed, version: 0, raw_version: None, buckets };
        state.set_version(meta.get("schema_version").cloned())?;
        Ok(state)
    }

    /// Takes the version from the text in `store_meta`.
    pub fn set_version(&mut self, raw: Option<String>) -> Result<()> {
        self.version = raw.as_deref().map_or(Ok(0), |text| number("schema_version", text))?;
        self.raw_version = raw;
        Ok(())
    }

    /// Refuses what this library must not touch: a newer schema, tables of somebody else.
    pub fn refuse_foreign(&self, config: &Config) -> Result<()> {
        if self.version > LATEST {
            let message = format!(
                "the keyspace {:?} has schema version {}, this library knows versions up to {LATEST}; use a newer \
                 version of the library, or another keyspace",
                config.keyspace(),
                self.version
            );
            let details = format!("{{\"schema_version\":{},\"known\":{LATEST}}}", self.version);
            return Err(Error::new(Code::Conflict, message).with_details(details));
        }
        self.observed.refuse_foreign(config.keyspace())
    }

    /// The error that tells what is missing; `None` = nothing is.
    pub fn missing(&self, config: &Config) -> Option<Error> {
        let keyspace = config.keyspace();
        let how = "run the operation migrate, or open the store once with schema.create";
        if !self.observed.keyspace {
            let message =
                format!("there is no keyspace {keyspace:?}; is the name right? Else create it, {how}");
            return Some(Error::new(Code::NotFound, message).at("keyspace"));
        }
        let absent = self.observed.absent();
        if !absent.is_empty() {
            let message = format!("the keyspace {keyspace:?} has no {}; {how}", absent.join(", "));
            return Some(Error::new(Code::Conflict, message).at("keyspace"));
        }
        if self.version < LATEST || self.buckets.is_none() {
            let message = format!(
                "the keyspace {keyspace:?} has schema version {}, this library needs {LATEST}; {how}",
                self.version
            );
            return Some(Error::new(Code::Conflict, message).at("keyspace"));
        }
        None
    }
}

fn number(name: &str, text: &str) -> Result<u32> {
    text.parse().map_err(|_| {
        Error::new(Code::Corrupt, format!("store_meta says {text:?} for {name}, which is no number"))
    })
}

/// Finds out how long the server lets cells live. A stock Cassandra 5 can't store an expiry after 2038
/// and refuses a write that has one; only trying tells, since no table says how the server is set up.
async fn max_ttl_s(session: &Session, config: &Config) -> Result<u32> {
    if Server::of(session) == Server::Scylla {
        return Ok(LONGEST_TTL_S);
    }
    match Meta::new(session, config).try_ttl(LONGEST_TTL_S).await {
        Ok(true) => Ok(LONGEST_TTL_S),
        Ok(false) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            Ok(u32::try_from(LAST_SECOND.saturating_sub(now)).unwrap_or(LONGEST_TTL_S).min(LONGEST_TTL_S))
        }
        // Who may only read needs no limit.
        Err(error) if error.code() == Code::Unauthorized => Ok(LONGEST_TTL_S),
        Err(error) => Err(error),
    }
}

/// A store whose every put would be refused should not open.
fn check_default_ttl(config: &Config, format: Format) -> Result<()> {
    match config.ttl.default_ttl {
        Some(ttl) if ttl.ceil() > f64::from(format.max_ttl_s) => {
            let message = format!(
                "must be at most {} seconds: this server can't store an expiry after 2038-01-19 (Cassandra's \
                 storage_compatibility_mode)",
                format.max_ttl_s
            );
            Err(Error::invalid("ttl.default_ttl", message))
        }
        _ => Ok(()),
    }
}
