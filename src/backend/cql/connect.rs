//! From a configuration to a session with the cluster.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::future::join_all;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::{Compression, PoolSize};
use scylla::errors::NewSessionError;
use tokio::time::{Instant, sleep, timeout_at};

use super::profile::Profiles;
use super::refusal::{self, Refusal};
use super::tls;
use crate::error::{Error, Result};
use crate::store::config::Config;
use crate::store::config::cql;

/// The first pause between two attempts at a cluster that is away; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A session and its execution profiles.
pub(super) struct Connection {
    pub session: Session,
    pub profiles: Profiles,
}

/// Connects, within `connect.deadline`: a cluster that is away is tried again, an error that another
/// attempt would not change is returned at once. The session's tasks live on the runtime of the caller.
///
/// Errors: `Unavailable` (no node answers; `details` says what each contact point did), `Unauthorized`
/// (password, certificates), `InvalidArg` (an option that the cluster contradicts), `NotFound` (a file).
pub(super) async fn connect(config: &Config) -> Result<Connection> {
    let deadline = Instant::now() + Duration::from_secs_f64(config.connect.deadline);
    let (mut pauses, mut last) = (Pauses::new(config), None);
    loop {
        let outcome = timeout_at(deadline, once(config)).await;
        let error = match outcome {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            // An attempt that came to its end says more than one that did not.
            Err(_) => return Err(last.unwrap_or_else(|| refusal::too_slow(config))),
        };
        let pause = pauses.next();
        // A store that opens without its cluster goes on trying by itself.
        if config.connect.lazy || !error.code().retryable() || Instant::now() + pause >= deadline {
            return Err(error);
        }
        last = Some(error);
        sleep(pause).await;
    }
}

/// The pauses between attempts at a cluster that is away: doubling, up to `connect.max_backoff`.
pub(super) struct Pauses {
    next: Duration,
    most: Duration,
}

impl Pauses {
    pub fn new(config: &Config) -> Self {
        let most = Duration::from_secs_f64(config.connect.max_backoff);
        Self { next: FIRST_PAUSE.min(most), most }
    }

    /// How long to wait before the next attempt.
    pub fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        // Clients that lost their cluster at the same moment should not come back at the same moment.
        pause.mul_f64(0.5 + f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 512.0)
    }
}

/// One attempt.
async fn once(config: &Config) -> Result<Connection> {
    let profiles = Profiles::new(config);
    let builder = builder(config, &profiles)?;
    let size = pool_size(config, config.pool.core_connections);
    let mut session = attempt(config, &builder, size).await?;
    if let Some(most) = too_many(config, &session) {
        session = attempt(config, &builder, PoolSize::PerHost(most)).await?;
    }
    check_datacenter(config, &session)?;
    Ok(Connection { session, profiles })
}

/// Tries all contact points. The driver tells only the last one's failure, so on failure each is asked
/// again, by itself.
async fn attempt(config: &Config, builder: &SessionBuilder, size: PoolSize) -> Result<Session> {
    let points: Vec<_> = config.endpoints().map(|(host, port)| address(host, port)).collect();
    let whole = builder.clone().pool_size(size);
    let error = match whole.known_nodes(&points).build().await {
        Ok(session) => return Ok(session),
        Err(error) => error,
    };
    let failures = if let [only] = &points[..] {
        vec![(only.clone(), Refusal::of(&error))]
    } else {
        let each = points.iter().map(|point| alone(builder, point));
        join_all(each).await.into_iter().flatten().collect()
    };
    Err(refusal::error(config, &failures).unwrap_or_else(|| refusal::passed(&error)))
}

/// What this contact point does to a connection; `None` = it takes it.
async fn alone(builder: &SessionBuilder, point: &str) -> Option<(String, Refusal)> {
    let one = NonZeroUsize::MIN;
    let outcome: std::result::Result<Session, NewSessionError> =
        builder.clone().pool_size(PoolSize::PerHost(one)).known_node(point).build().await;
    outcome.err().map(|error| (point.to_owned(), Refusal::of(&error)))
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn builder(config: &Config, profiles: &Profiles) -> Result<SessionBuilder> {
    let seconds = Duration::from_secs_f64;
    let connect = &config.connect;
    let mut builder = SessionBuilder::new()
        .default_execution_profile_handle(profiles.get(0).handle.clone())
        .compression(match config.compression {
            cql::Compression::None => None,
            cql::Compression::Lz4 => Some(Compression::Lz4),
        })
        .connection_timeout(seconds(connect.timeout))
        .hostname_resolution_timeout(Some(seconds(connect.timeout)))
        .keepalive_interval(seconds(connect.keepalive_interval))
        .keepalive_timeout(seconds(connect.keepalive_timeout))
        .tcp_keepalive_interval(seconds(connect.tcp_keepalive))
        .disallow_shard_aware_port(!connect.shard_aware_port)
        .cluster_metadata_refresh_interval(seconds(connect.metadata_refresh))
        // Only what routing needs, and only of our keyspace: all of a large cluster's schema costs seconds.
        .keyspaces_to_fetch([config.keyspace()])
        .fetch_full_schema_metadata(false)
        // After the migrations as a whole instead of after each statement.
        .refresh_metadata_on_auto_schema_agreement(false)
        // How this client is set up is nobody else's matter.
        .driver_config_reporting(false)
        .tls_context(tls::client(&config.tls)?);
    if let (Some(username), Some(password)) = (&config.auth.username, &config.auth.password) {
        builder = builder.user(username, password.reveal());
    }
    if let Some(local) = &config.local_datacenter {
        builder = builder.prefer_datacenter(local.clone());
    }
    Ok(builder)
}

fn pool_size(config: &Config, connections: u32) -> PoolSize {
    let connections = NonZeroUsize::new(connections as usize).unwrap_or(NonZeroUsize::MIN);
    match config.pool.per {
        cql::PoolUnit::Shard => PoolSize::PerShard(connections),
        cql::PoolUnit::Host => PoolSize::PerHost(connections),
    }
}

/// The limit per host, if the shards of some node ask for more connections than it.
fn too_many(config: &Config, session: &Session) -> Option<NonZeroUsize> {
    let most = config.pool.max_connections.and_then(|most| NonZeroUsize::new(most as usize))?;
    if config.pool.per == cql::PoolUnit::Host {
        return None;
    }
    let state = session.get_cluster_state();
    let shards = state.get_nodes_info().iter().filter_map(|node| node.sharder());
    let shards = shards.map(|sharder| usize::from(sharder.nr_shards.get())).max()?;
    (shards * config.pool.core_connections as usize > most.get()).then_some(most)
}

/// A data centre that no node is in would get no requests, or only at last.
fn check_datacenter(config: &Config, session: &Session) -> Result<()> {
    let Some(local) = &config.local_datacenter else { return Ok(()) };
    let state = session.get_cluster_state();
    let known: BTreeSet<_> =
        state.get_nodes_info().iter().filter_map(|node| node.datacenter.clone()).collect();
    // A node whose own tables could not be read has none; the next look at the topology will tell.
    if known.is_empty() || known.contains(local) {
        return Ok(());
    }
    let names: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
    let message = format!("the cluster has no data centre {local:?}; it has {}", names.join(", "));
    Err(Error::invalid("local_datacenter", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        let text = r#"{"backend":"cql","contact_points":["n"],"keyspace":"k","connect":{"max_backoff":1}}"#;
        let mut pauses = Pauses::new(&Config::parse(text).unwrap());
        let taken: Vec<_> = (0..6).map(|_| pauses.next().as_secs_f64()).collect();
        for (pause, whole) in taken.into_iter().zip([0.2, 0.4, 0.8, 1.0, 1.0, 1.0]) {
            assert!((whole * 0.49..=whole).contains(&pause), "{pause} of {whole}");
        }
    }

    #[test]
    fn addresses_are_written_for_the_driver() {
        assert_eq!(address("h", 9), "h:9");
        assert_eq!(address("::1", 9), "[::1]:9");
    }
}
