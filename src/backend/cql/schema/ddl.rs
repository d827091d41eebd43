//! The statements that make keyspace and tables.

use std::collections::BTreeMap;
use std::hash::Hasher;

use scylla::client::session::Session;
use siphasher::sip128::{Hasher128, SipHasher13};
use uuid::Uuid;

use super::meta::rows;
use crate::error::{Code, Error, Result};
use crate::store::config::Config;
use crate::store::config::cql::{CompactionName, StrategyName};

/// Copies, where nothing says how many and there are enough nodes.
const USUAL_COPIES: u32 = 3;
/// The guide's choice with its TimeWindowCompactionStrategy: a day.
const GUIDE_GC_GRACE_S: u32 = 86_400;

/// When a coordinator asks one more replica for a read, and for the write that brings a stale replica up to date before a
/// read is answered. By default that is when it takes longer than 99 of 100 have taken, which on a slow cluster is
/// long. While a replica hangs and the others have not noticed yet, every read that begins at it waits that long, each
/// page of a search again, and each step of a conditional write, in which others come in between.
const SECOND_TRIES: [&str; 2] =
    ["speculative_retry = 'MIN(99p,100ms)'", "additional_write_policy = 'MIN(99p,100ms)'"];

/// Which server it is; the two differ in what they understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Scylla,
    Cassandra,
}

impl Server {
    /// Told by what nodes say of their shards when they are connected to.
    pub fn of(session: &Session) -> Self {
        let state = session.get_cluster_state();
        let is_sharded = state.get_nodes_info().iter().any(|node| node.sharder().is_some());
        if is_sharded { Server::Scylla } else { Server::Cassandra }
    }
}

impl Server {
    /// The server's version, as it says itself; asked of one node.
    pub async fn version(self, session: &Session) -> Result<String> {
        // ScyllaDB gives Cassandra's version that it is like, and its own in a table that only it has.
        let text = match self {
            Server::Scylla => "SELECT version FROM system.versions WHERE key = 'local'",
            Server::Cassandra => "SELECT release_version FROM system.local WHERE key = 'local'",
        };
        let found: Vec<(Option<String>,)> = rows(session, text, ()).await?;
        Ok(found.into_iter().next().and_then(|row| row.0).unwrap_or_default())
    }
}

/// Nodes by data centre.
pub type Topology = BTreeMap<String, u32>;

fn topology(session: &Session) -> Topology {
    let mut found = Topology::new();
    for node in session.get_cluster_state().get_nodes_info() {
        if let Some(name) = &node.datacenter {
            *found.entry(name.clone()).or_default() += 1;
        }
    }
    found
}

pub fn create_keyspace(session: &Session, config: &Config) -> Result<String> {
    keyspace(config, Server::of(session), &topology(session))
}

fn keyspace(config: &Config, server: Server, topology: &Topology) -> Result<String> {
    let mut text = format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{}\" WITH replication = {}",
        config.keyspace(),
        replication(config, topology)?
    );
    if let (Server::Scylla, Some(enabled)) = (server, config.schema.tablets) {
        text.push_str(&format!(" AND tablets = {{'enabled': {enabled}}}"));
    }
    Ok(text)
}

/// Never more copies than nodes: such a keyspace takes writes and then fails every one that needs all.
fn replication(config: &Config, topology: &Topology) -> Result<String> {
    let wanted = &config.schema.replication;
    if topology.is_empty() {
        let message = "the cluster has not told its nodes yet, so no keyspace can be made";
        return Err(Error::new(Code::Unavailable, message));
    }
    if wanted.strategy == StrategyName::Simple {
        let nodes = topology.values().sum();
        let copies = copies(wanted.factor, nodes, "the cluster", "schema.replication.factor")?;
        return Ok(format!("{{'class': 'SimpleStrategy', 'replication_factor': {copies}}}"));
    }
    let mut text = String::from("{'class': 'NetworkTopologyStrategy'");
    let mut place = |name: &str, wanted: Option<u32>, field: &str| {
        let Some(nodes) = topology.get(name) else {
            let known: Vec<_> = topology.keys().map(|name| format!("{name:?}")).collect();
            let message = format!("the cluster has no data centre of this name; it has {}", known.join(", "));
            return Err(Error::invalid(field, message));
        };
        let copies = copies(wanted, *nodes, &format!("the data centre {name:?}"), field)?;
        text.push_str(&format!(", '{}': {copies}", name.replace('\'', "''")));
        Ok(())
    };
    if wanted.datacenters.is_empty() {
        topology.keys().try_for_each(|name| place(name, wanted.factor, "schema.replication.factor"))?;
    } else {
        wanted.datacenters.iter().try_for_each(|(name, copies)| {
            place(name, Some(*copies), &format!("schema.replication.datacenters.{name}"))
        })?;
    }
    text.push('}');
    Ok(text)
}

fn copies(wanted: Option<u32>, nodes: u32, place: &str, field: &str) -> Result<u32> {
    match wanted {
        None => Ok(USUAL_COPIES.min(nodes)),
        Some(copies) if copies <= nodes => Ok(copies),
        Some(copies) => {
            let message = format!("must be at most {nodes}, the nodes of {place}, not {copies}");
            Err(Error::invalid(field, message))
        }
    }
}

/// Two processes that create a table at the same moment through different nodes of a Cassandra make two
/// tables of one name, of which one is lost with what was written to it. This table is made before
/// there is a lock, so there its id is fixed by the keyspace's name: the two are one. ScyllaDB
/// agrees on schema changes one after the other.
pub fn create_meta(config: &Config, server: Server) -> String {
    let table = config.table("store_meta");
    let id = match server {
        Server::Cassandra => format!(" WITH id = {}", meta_id(config.keyspace())),
        Server::Scylla => String::new(),
    };
    format!("CREATE TABLE IF NOT EXISTS {table} (name text PRIMARY KEY, value text){id}")
}

/// Fixed for ever: processes of different versions may start together.
fn meta_id(keyspace: &str) -> Uuid {
    let mut hasher = SipHasher13::new_with_keys(0x6c67_7374_6f72_6500, 1);
    hasher.write(keyspace.as_bytes());
    uuid::Builder::from_random_bytes(hasher.finish128().as_bytes()).into_uuid()
}

pub fn create_store(config: &Config, server: Server) -> String {
    let mut text = format!(
        "CREATE TABLE IF NOT EXISTS {} (prefix text, key text, value text, created_at timestamp, \
         updated_at timestamp, version uuid, ttl_seconds int, sub_ms int, PRIMARY KEY ((prefix), key))",
        config.table("store")
    );
    let schema = &config.schema;
    let mut options = options(config, server, schema.compaction);
    if schema.default_time_to_live > 0 {
        options.push(format!("default_time_to_live = {}", schema.default_time_to_live));
    }
    with(&mut text, &options);
    text
}

pub fn create_namespaces(config: &Config, server: Server) -> String {
    let mut text = format!(
        "CREATE TABLE IF NOT EXISTS {} (bucket int, path text, seen_at timestamp, PRIMARY KEY ((bucket), path))",
        config.table("store_namespaces")
    );
    // Its rows are overwritten again and again, whatever the items are like.
    let compaction = match config.schema.compaction {
        CompactionName::TimeWindow => CompactionName::Auto,
        other => other,
    };
    with(&mut text, &options(config, server, compaction));
    text
}

pub fn alter(config: &Config, change: &str) -> String {
    format!("ALTER TABLE {} {change}", config.table("store"))
}

fn with(text: &mut String, options: &[String]) {
    for (index, option) in options.iter().enumerate() {
        text.push_str(if index == 0 { " WITH " } else { " AND " });
        text.push_str(option);
    }
}

fn options(config: &Config, server: Server, compaction: CompactionName) -> Vec<String> {
    let schema = &config.schema;
    let class = match (compaction, server) {
        // The server's own default is made for overwritten keys.
        (CompactionName::Auto, Server::Scylla) => None,
        (CompactionName::Auto | CompactionName::Leveled, _) => Some("LeveledCompactionStrategy"),
        (CompactionName::SizeTiered, _) => Some("SizeTieredCompactionStrategy"),
        (CompactionName::Unified, _) => Some("UnifiedCompactionStrategy"),
        (CompactionName::Incremental, _) => Some("IncrementalCompactionStrategy"),
        (CompactionName::TimeWindow, _) => Some("TimeWindowCompactionStrategy"),
    };
    let mut options = Vec::new();
    if let Some(class) = class {
        let mut map = format!("compaction = {{'class': '{class}'");
        // Options are for the strategy that was named.
        if compaction == schema.compaction {
            for (name, value) in &schema.compaction_options {
                map.push_str(&format!(", '{name}': '{}'", value.replace('\'', "''")));
            }
        }
        map.push('}');
        options.push(map);
    }
    if let Some(compressor) = &schema.compression {
        let name = if server == Server::Scylla { "sstable_compression" } else { "class" };
        options.push(format!("compression = {{'{name}': '{compressor}'}}"));
    }
    let guide = (compaction == CompactionName::TimeWindow).then_some(GUIDE_GC_GRACE_S);
    if let Some(seconds) = schema.gc_grace_seconds.or(guide) {
        options.push(format!("gc_grace_seconds = {seconds}"));
    }
    // ScyllaDB knows no MIN; what it does there is left to it.
    if server == Server::Cassandra {
        options.extend(SECOND_TRIES.map(str::to_owned));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(schema: &str) -> Config {
        let text =
            format!(r#"{{"backend":"cql","contact_points":["n"],"keyspace":"Ks","schema":{{{schema}}}}}"#);
        Config::parse(&text).unwrap()
    }

    fn topology(of: &[(&str, u32)]) -> Topology {
        of.iter().map(|(name, nodes)| ((*name).to_owned(), *nodes)).collect()
    }

    fn made(schema: &str, of: &[(&str, u32)]) -> Result<String> {
        keyspace(&config(schema), Server::Cassandra, &topology(of))
    }

    #[test]
    fn copies_never_exceed_nodes() {
        let two = [("dc1", 5), ("dc2", 2)];
        let wanted = "CREATE KEYSPACE IF NOT EXISTS \"Ks\" WITH replication = \
                      {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}";
        assert_eq!(made("", &two).unwrap(), wanted);
        let error = made(r#""replication":{"factor":3}"#, &two).unwrap_err();
        assert_eq!(error.field(), Some("schema.replication.factor"));
        assert!(
            error.message().contains("at most 2, the nodes of the data centre \"dc2\", not 3"),
            "{error}"
        );
        let one = made(r#""replication":{"datacenters":{"dc1":4}}"#, &two).unwrap();
        assert!(one.ends_with("{'class': 'NetworkTopologyStrategy', 'dc1': 4}"), "{one}");
        let error = made(r#""replication":{"datacenters":{"dc9":1}}"#, &two).unwrap_err();
        assert_eq!(error.field(), Some("schema.replication.datacenters.dc9"));
        assert!(error.message().contains("it has \"dc1\", \"dc2\""), "{error}");
        let simple = made(r#""replication":{"strategy":"simple","factor":7}"#, &two).unwrap();
        assert!(simple.ends_with("{'class': 'SimpleStrategy', 'replication_factor': 7}"), "{simple}");
        assert_eq!(made("", &[]).unwrap_err().code(), Code::Unavailable);
    }

    #[test]
    fn what_only_one_server_understands_is_said_to_it_alone() {
        let config = config(r#""tablets":false,"compression":"LZ4Compressor""#);
        let topology = topology(&[("dc1", 1)]);
        assert!(!keyspace(&config, Server::Cassandra, &topology).unwrap().contains("tablets"));
        let scylla = keyspace(&config, Server::Scylla, &topology).unwrap();
        assert!(scylla.ends_with(" AND tablets = {'enabled': false}"), "{scylla}");
        assert!(
            create_store(&config, Server::Scylla)
                .ends_with("WITH compression = {'sstable_compression': 'LZ4Compressor'}")
        );
        assert!(create_meta(&config, Server::Cassandra).contains(" WITH id = "));
        assert!(!create_meta(&config, Server::Scylla).contains("id ="));
    }

    #[test]
    fn the_guides_options_are_available_by_name() {
        let guide = config(r#""compaction":"time_window","default_time_to_live":60"#);
        let store = create_store(&guide, Server::Cassandra);
        assert!(
            store.ends_with(
                " WITH compaction = {'class': 'TimeWindowCompactionStrategy'} AND gc_grace_seconds = 86400 \
                 AND speculative_retry = 'MIN(99p,100ms)' AND additional_write_policy = 'MIN(99p,100ms)' \
                 AND default_time_to_live = 60"
            ),
            "{store}"
        );
        let index = create_namespaces(&guide, Server::Cassandra);
        let wanted = " WITH compaction = {'class': 'LeveledCompactionStrategy'} \
                      AND speculative_retry = 'MIN(99p,100ms)' AND additional_write_policy = 'MIN(99p,100ms)'";
        assert!(index.ends_with(wanted), "{index}");
        let tiered = config(
            r#""compaction":"size_tiered","gc_grace_seconds":604800,
            "compaction_options":{"min_threshold":"4","max_threshold":"32"}"#,
        );
        let store = create_store(&tiered, Server::Cassandra);
        assert!(
            store.ends_with(
                " WITH compaction = {'class': 'SizeTieredCompactionStrategy', 'max_threshold': '32', \
                 'min_threshold': '4'} AND gc_grace_seconds = 604800 AND speculative_retry = 'MIN(99p,100ms)' \
                 AND additional_write_policy = 'MIN(99p,100ms)'"
            ),
            "{store}"
        );
    }

    #[test]
    fn the_id_of_the_lock_table_never_changes() {
        // Another id here lets processes of two versions lose each other's lock.
        assert_eq!(meta_id("lgstore").to_string(), "ea42c0f7-392e-4a2e-8a67-37897bd15b0b");
        assert_ne!(meta_id("a"), meta_id("b"));
    }
}
