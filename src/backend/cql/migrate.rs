//! From one version of the schema to another, by one process at a time.
//!
//! Every step may be repeated, and each version is written down only after its steps, so a migration that
//! was broken off is simply done again. One process migrates, under a lock in `store_meta`; the others
//! wait, and look again at what is there. The lock is not what keeps the data whole: should it expire
//! while its holder hangs, two processes do the same repeatable steps, and the version is raised by one
//! of them only (an LWT on the old version). It keeps Cassandra from making a table twice: schema changes
//! through different nodes are not ordered there. For the same reason whoever has got the lock first
//! waits until all nodes agree on the schema, and only then looks at what is missing.

mod lock;
mod plan;

use std::time::Duration;

use scylla::client::session::Session;
use scylla::errors::ExecutionError;

use self::lock::Lock;
use self::plan::{Step, plan};
use super::error;
use super::namespaces::Namespaces;
use super::profile::Profiles;
use super::schema::{Cas, Format, LATEST, Meta, Observed, Server, State, create_keyspace, create_meta, run};
use crate::error::{Code, Error, Result};
use crate::json::text::push_string;
use crate::store::clock::Clock;
use crate::store::config::Config;
use crate::store::operation::{Kind, Migrate};

/// How often a step is tried whose outcome is not known, or that another change came in the way of.
const ATTEMPTS: u32 = 5;
/// How often the nodes are looked at again before a replication is refused that they can't have.
const LOOKS: u32 = 10;
/// The pause after a failed step; it grows with each.
const PAUSE: Duration = Duration::from_millis(300);

/// Runs the operation `migrate`: `null` when there is nothing to do, else what was (or would be) done:
/// `{"from":0,"to":1,"dry_run":false,"steps":["CREATE TABLE …"]}`.
///
/// Version 0 is the founding guide's table: going there drops our columns and tables and keeps the items
/// with their times. A store that is open at the time must be opened again.
///
/// Errors: `InvalidArg` for a version that there is not; those of `prepare_schema`.
pub(super) async fn migrate(session: &Session, config: &Config, request: &Migrate) -> Result<String> {
    let to = request.to.unwrap_or(LATEST);
    if to > LATEST {
        let message = format!("must be a version from 0 to {LATEST}, not {to}");
        return Err(Error::invalid("to", message));
    }
    let state = State::read(session, config).await?;
    state.refuse_foreign(config)?;
    let mut steps = plan(&state, config, Server::of(session), to);
    if !state.observed.keyspace && to > 0 {
        steps.insert(0, Step::Cql(keyspace(session, config).await?));
    }
    if steps.is_empty() {
        return Ok("null".to_owned());
    }
    if !request.dry_run {
        bring_to(session, config, to).await?;
    }
    Ok(document(state.version, to, request.dry_run, &steps))
}

/// Brings the schema to this library's version, together with whoever else does at the moment.
pub(super) async fn to_latest(session: &Session, config: &Config) -> Result<()> {
    bring_to(session, config, LATEST).await
}

async fn bring_to(session: &Session, config: &Config, to: u32) -> Result<()> {
    let server = Server::of(session);
    make_place(session, config).await?;
    let mut waiting = lock::Waiting::new();
    let meta = Meta::new(session, config);
    loop {
        if let Some(lock) = Lock::try_take(&meta).await? {
            let outcome = under_lock(session, config, to, &lock).await;
            lock.release().await;
            return outcome;
        }
        // Someone else migrates; perhaps it is done.
        waiting.pause().await?;
        let state = State::read(session, config).await?;
        state.refuse_foreign(config)?;
        if state.version == to && plan(&state, config, server, to).is_empty() {
            return Ok(());
        }
    }
}

/// The statement that makes the keyspace, for the nodes as they are now.
///
/// A client sees the cluster through one node, and a node that has just started learns of the others one by one.
/// So nothing is decided by the look that was taken when connecting, and nothing is refused by a single one.
async fn keyspace(session: &Session, config: &Config) -> Result<String> {
    let mut looks = 0;
    loop {
        session.refresh_metadata().await.map_err(|error| {
            Error::new(Code::Unavailable, format!("the cluster's nodes could not be read: {error}"))
        })?;
        match create_keyspace(session, config) {
            Err(_) if looks < LOOKS => {
                looks += 1;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// Makes the keyspace and the lock's own table, perhaps at the same moment as others: two keyspaces of
/// one name are one, and so are two tables of one id.
async fn make_place(session: &Session, config: &Config) -> Result<()> {
    let mut failures = 0;
    loop {
        let observed = Observed::read(session, config.keyspace()).await?;
        let text = if !observed.keyspace {
            keyspace(session, config).await?
        } else if !observed.has_table("store_meta") {
            create_meta(config, Server::of(session))
        } else {
            return Ok(());
        };
        match change(session, text).await {
            Ok(()) => {}
            Err(error) if failures < ATTEMPTS && is_worth_another_look(&error) => {
                failures += 1;
                tokio::time::sleep(PAUSE * failures).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn under_lock(session: &Session, config: &Config, to: u32, lock: &Lock<'_>) -> Result<()> {
    let meta = Meta::new(session, config);
    let mut failures = 0;
    'again: loop {
        agree(session).await?;
        let mut state = State::read(session, config).await?;
        // What LOCAL_QUORUM reads may be behind what the last holder of the lock decided.
        state.set_version(meta.read_serial("schema_version").await?)?;
        state.refuse_foreign(config)?;
        for step in plan(&state, config, Server::of(session), to) {
            lock.renew().await?;
            match apply(session, config, &meta, &step).await {
                Ok(()) => {}
                // It may have been done all the same: look again at what is there.
                Err(error) if failures < ATTEMPTS && is_worth_another_look(&error) => {
                    failures += 1;
                    tokio::time::sleep(PAUSE * failures).await;
                    continue 'again;
                }
                Err(error) => {
                    let message =
                        format!("the schema could not be changed ({}): {}", step.text(), error.message());
                    return Err(Error::new(error.code(), message));
                }
            }
        }
        return Ok(());
    }
}

/// A refusal for lack of rights stays one; anything else may come from a change that came in between.
fn is_worth_another_look(error: &Error) -> bool {
    error.code().retryable() || error.code() == Code::Backend
}

async fn apply(session: &Session, config: &Config, meta: &Meta<'_>, step: &Step) -> Result<()> {
    match step {
        Step::Cql(text) => change(session, text.clone()).await,
        Step::Index => index(session, config, meta).await,
        Step::Set { name, from, to } => match meta.cas(name, from.as_deref(), to.as_deref(), 0).await? {
            Cas::Applied => Ok(()),
            Cas::Found(found) if found == *to => Ok(()),
            Cas::Found(_) => Err(Error::new(
                Code::Unavailable,
                format!("{name} in store_meta was changed by someone else"),
            )),
        },
    }
}

/// Writes a row into the index of namespaces for every partition of a table that was there before.
async fn index(session: &Session, config: &Config, meta: &Meta<'_>) -> Result<()> {
    let buckets = meta.read_serial("namespace_buckets").await?;
    let buckets = buckets.and_then(|text| text.parse().ok()).unwrap_or(config.schema.namespace_buckets);
    let format = Format { buckets, max_ttl_s: 0 };
    let namespaces = Namespaces::open(session, config, &Profiles::new(config), format).await?;
    namespaces.reindex(session, &Clock::default(), &|| false).await.map(drop)
}

/// A schema change, agreed on by all nodes that are up.
async fn change(session: &Session, text: String) -> Result<()> {
    match run(session, text, (), None).await {
        Ok(_) => Ok(()),
        Err(ExecutionError::SchemaAgreementError(_)) => agree(session).await,
        Err(error) => Err(error::read(Kind::Migrate, &error)),
    }
}

async fn agree(session: &Session) -> Result<()> {
    session.await_schema_agreement().await.map(drop).map_err(|error| {
        Error::new(Code::Unavailable, format!("the nodes do not agree on the schema: {error}"))
    })
}

fn document(from: u32, to: u32, dry_run: bool, steps: &[Step]) -> String {
    let mut out = format!("{{\"from\":{from},\"to\":{to},\"dry_run\":{dry_run},\"steps\":[");
    for (index, step) in steps.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(&mut out, &step.text());
    }
    out.push_str("]}");
    out
}
