//! Warm-up, health and what the cluster says of itself.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::cluster::Cluster;
use super::error;
use super::migrate;
use super::schema::{LATEST, Meta, Server, State};
use super::statements::Statements;
use crate::error::{Code, Error, Result};
use crate::json::text::push_string;
use crate::op::task::Task;
use crate::store::operation::{Admin, Kind};
use crate::telemetry::health::{Health, Status};

/// Reads per node of a warm-up, and how many of them are under way at one time.
const WARMING: (usize, usize) = (20, 20);

/// Runs an operation of the store's care on an open cluster.
pub(super) async fn run(cluster: &Arc<Cluster>, task: &Task, admin: &Admin) -> Result<String> {
    match admin {
        Admin::Open => Ok("null".to_owned()),
        Admin::Migrate(request) => migrate::migrate(&cluster.session, &cluster.config, request).await,
        Admin::Warmup => warm_up(cluster).await.map(|()| "null".to_owned()),
        Admin::Health { write } => Ok(health(Ok(cluster.clone()), *write).await),
        Admin::ClusterInfo => info(cluster).await,
        Admin::Reindex => cluster.reindex(task).await,
        Admin::Backup { .. } => {
            let message = "a cluster is backed up by its own tools, such as nodetool snapshot";
            Err(Error::new(Code::Unsupported, message))
        }
        Admin::Advance { .. } => Err(Error::new(Code::Unsupported, "the clock of a cluster can't be moved")),
    }
}

/// Opening has made the connections and prepared the statements; what is left is to use them: the first
/// requests on a connection, and the first that a node serves, are many times slower than the rest.
/// The keys are spread so that every node gets some.
async fn warm_up(cluster: &Cluster) -> Result<()> {
    let nodes = cluster.session.get_cluster_state().get_nodes_info().len();
    let Statements { get, patience, .. } = cluster.statements(0);
    let reads = (0..nodes * WARMING.0).map(|number| async move {
        let prefix = format!("warmup.{number}");
        let send = || cluster.session.execute_unpaged(get, (prefix.as_str(), ""));
        let outcome = cluster.ask(patience, send).await;
        outcome.map(drop).map_err(|failure| error::read(Kind::Warmup, &failure.error))
    });
    // The futures are small and lazy; a vector gives them one type that the compiler can follow.
    let reads: Vec<_> = reads.collect();
    stream::iter(reads).buffer_unordered(WARMING.1).try_collect::<Vec<()>>().await.map(drop)
}

/// The health document, also of a cluster that could not be opened.
///
/// `cluster_connectivity`: nodes that this process is connected to, degraded when some are away; `schema`: its
/// version; `read`: a read at the default consistency; with `write` also one write, of a name that no
/// request reads and that is gone after a minute.
pub(super) async fn health(opened: Result<Arc<Cluster>>, write: bool) -> String {
    let mut health = Health::begin();
    match opened {
        Ok(cluster) => checks(&cluster, write, &mut health).await,
        Err(error) => health.check("cluster_connectivity", Status::Unhealthy, error.to_string()),
    }
    health.to_json()
}

async fn checks(cluster: &Cluster, write: bool, health: &mut Health) {
    let state = cluster.session.get_cluster_state();
    let nodes = state.get_nodes_info();
    let up = nodes.iter().filter(|node| node.is_connected()).count();
    let status = match up {
        0 => Status::Unhealthy,
        up if up < nodes.len() => Status::Degraded,
        _ => Status::Healthy,
    };
    let away = nodes.iter().filter(|node| !node.is_connected()).map(|node| node.address.to_string());
    let away: Vec<_> = away.collect();
    let mut message = format!("connected to {up} of {} nodes", nodes.len());
    if !away.is_empty() {
        let _ = write!(message, "; away: {}", away.join(", "));
    }
    health.check("cluster_connectivity", status, message);
    let (session, config) = (&cluster.session, &*cluster.config);
    let schema = State::read(session, config).await.and_then(|state| {
        state.refuse_foreign(config)?;
        state.missing(config).map_or(Ok(format!("version {LATEST}")), Err)
    });
    health.outcome("schema", schema);
    let Statements { get, patience, .. } = cluster.statements(0);
    let read = cluster.ask(patience, || session.execute_unpaged(get, ("health", ""))).await;
    let read = read.map(|_| "a read was answered");
    let read = read.map_err(|failure| error::read(Kind::Health, &failure.error));
    health.outcome("read", read);
    if write {
        let written = Meta::new(session, config).touch("health", 60).await;
        health.outcome("write", written.map(|()| "a write was acknowledged"));
    }
}

/// `{"backend","server","server_version","cluster_name","schema_version","namespace_buckets",
/// "max_ttl","is_shard_aware","shard_stats":{address:{"shards"}},"datacenters":{name:[{"address","rack",
/// "host_id","up","shards"}]},"pool":{"nodes","nodes_up"},"rtt_ms","refreshes_dropped"}`.
async fn info(cluster: &Cluster) -> Result<String> {
    let server = Server::of(&cluster.session);
    let begun = Instant::now();
    let version = server.version(&cluster.session).await?;
    let rtt_ms = begun.elapsed().as_micros() as f64 / 1_000.0;
    let state = cluster.session.get_cluster_state();
    let mut out = String::from("{\"backend\":\"cql\",\"server\":");
    push_string(&mut out, if server == Server::Scylla { "scylladb" } else { "cassandra" });
    out.push_str(",\"server_version\":");
    push_string(&mut out, &version);
    out.push_str(",\"cluster_name\":");
    push_string(&mut out, state.cluster_name());
    let _ = write!(
        out,
        ",\"schema_version\":{LATEST},\"namespace_buckets\":{},\"max_ttl\":{},\"is_shard_aware\":{},\"shard_stats\":{{",
        cluster.format.buckets,
        cluster.format.max_ttl_s,
        server == Server::Scylla
    );
    let nodes = state.get_nodes_info();
    let shards = |node: &scylla::cluster::Node| node.sharder().map(|sharder| sharder.nr_shards.get());
    let sharded = nodes.iter().filter_map(|node| Some((node, shards(node)?)));
    for (index, (node, shards)) in sharded.enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        push_string(&mut out, &node.address.to_string());
        let _ = write!(out, ":{{\"shards\":{shards}}}");
    }
    out.push_str("},\"datacenters\":{");
    let mut names: Vec<_> = nodes.iter().map(|node| node.datacenter.as_deref().unwrap_or_default()).collect();
    names.sort_unstable();
    names.dedup();
    for (index, name) in names.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        push_string(&mut out, name);
        out.push_str(":[");
        let inside = nodes.iter().filter(|node| node.datacenter.as_deref().unwrap_or_default() == name);
        for (index, node) in inside.enumerate() {
            out.push_str(if index > 0 { ",{\"address\":" } else { "{\"address\":" });
            push_string(&mut out, &node.address.to_string());
            out.push_str(",\"rack\":");
            push_string(&mut out, node.rack.as_deref().unwrap_or_default());
            let shards = shards(node).map_or("null".to_owned(), |shards| shards.to_string());
            let (id, up) = (node.host_id, node.is_connected());
            let _ = write!(out, ",\"host_id\":\"{id}\",\"up\":{up},\"shards\":{shards}}}");
        }
        out.push(']');
    }
    let up = nodes.iter().filter(|node| node.is_connected()).count();
    let _ = write!(
        out,
        "}},\"pool\":{{\"nodes\":{},\"nodes_up\":{up}}},\"rtt_ms\":{rtt_ms:?},\"refreshes_dropped\":{}}}",
        nodes.len(),
        cluster.refreshes.dropped()
    );
    Ok(out)
}
