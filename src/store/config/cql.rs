//! The options of a cluster: ScyllaDB or Apache Cassandra.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;

/// A text that is never shown: not in logs, errors or the configuration in force.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Who asks: password authentication.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// The role to log in as; null = no authentication.
    #[schemars(length(min = 1, max = 1_024))]
    pub username: Option<String>,
    /// Its password; never shown again.
    #[schemars(with = "Option<String>", length(min = 1, max = 4_096), extend("writeOnly" = true))]
    pub password: Option<Secret>,
}

/// Encryption of the connections, and who is at their other end.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Encrypt every connection and verify the nodes' certificates.
    pub enabled: bool,
    /// PEM file of the authorities that may sign the nodes' certificates.
    #[schemars(length(min = 1, max = 4_096))]
    pub ca_file: Option<String>,
    /// PEM file of this client's certificate and those between it and its authority.
    #[schemars(length(min = 1, max = 4_096))]
    pub cert_file: Option<String>,
    /// PEM file of the private key of `cert_file`.
    #[schemars(length(min = 1, max = 4_096))]
    pub key_file: Option<String>,
    /// A node's certificate must name the address it is reached at; off = any certificate of the authority will do.
    pub verify_hostname: bool,
    /// The oldest protocol version that is spoken.
    pub min_version: TlsVersion,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            ca_file: None,
            cert_file: None,
            key_file: None,
            verify_hostname: true,
            min_version: TlsVersion::default(),
        }
    }
}

/// Versions of TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// How connections are made and kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectConfig {
    /// Seconds for one connection to be made.
    #[schemars(range(min = 0.001, max = 3_600.0))]
    pub timeout: f64,
    /// Seconds for opening the store, attempts at a cluster that is away included.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub deadline: f64,
    /// Open although the cluster is away, and go on trying to reach it.
    pub lazy: bool,
    /// The longest pause between two attempts at a cluster that is away, in seconds.
    #[schemars(range(min = 0.01, max = 3_600.0))]
    pub max_backoff: f64,
    /// Seconds between two signs of life asked of an idle connection (CQL).
    #[schemars(range(min = 0.1, max = 3_600.0))]
    pub keepalive_interval: f64,
    /// Seconds to wait for a sign of life before the connection counts as broken.
    #[schemars(range(min = 0.1, max = 3_600.0))]
    pub keepalive_timeout: f64,
    /// Seconds between two keepalive messages of TCP on an idle connection.
    #[schemars(range(min = 1.0, max = 3_600.0))]
    pub tcp_keepalive: f64,
    /// Use ScyllaDB's shard-aware port where it has one; off behind address translation or a proxy.
    pub shard_aware_port: bool,
    /// Seconds between two looks at the whole topology and schema; changes are reported besides.
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub metadata_refresh: f64,
}

impl Default for ConnectConfig {
    fn default() -> Self {
        Self {
            timeout: 5.0,
            deadline: 10.0,
            lazy: false,
            max_backoff: 10.0,
            keepalive_interval: 5.0,
            keepalive_timeout: 5.0,
            tcp_keepalive: 5.0,
            shard_aware_port: true,
            metadata_refresh: 300.0,
        }
    }
}

/// How many connections are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// What `core_connections` counts for.
    pub per: PoolUnit,
    /// Connections to each shard or host.
    #[schemars(range(min = 1, max = 1_024))]
    pub core_connections: u32,
    /// The most connections to one host, however many shards it has; null = no limit.
    #[schemars(range(min = 1, max = 65_535))]
    pub max_connections: Option<u32>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self { per: PoolUnit::default(), core_connections: 1, max_connections: None }
    }
}

/// What a number of connections is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PoolUnit {
    /// Each shard of a ScyllaDB node; an Apache Cassandra node is one shard.
    #[default]
    Shard,
    /// Each node.
    Host,
}

/// Compression of what goes over connections.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// None: the least work for client and server.
    #[default]
    None,
    /// LZ4: for networks that are slower than the processors.
    Lz4,
}

/// How many replicas must answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ConsistencyName {
    /// One, in any data centre.
    One,
    /// Two, in any data centre.
    Two,
    /// Three, in any data centre.
    Three,
    /// More than half of all.
    Quorum,
    /// All.
    All,
    /// More than half of those in the local data centre.
    #[default]
    LocalQuorum,
    /// More than half in each data centre; for writes.
    EachQuorum,
    /// One in the local data centre.
    LocalOne,
    /// In a profile: sets the serial consistency to `serial`.
    Serial,
    /// In a profile: sets the serial consistency to `local_serial`.
    LocalSerial,
}

/// Where the order of conditional writes is agreed on.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SerialName {
    /// Among all data centres.
    #[default]
    Serial,
    /// In the local data centre; right only when every conditional writer is there.
    LocalSerial,
}

/// Asking a second node when the first is slow; only for statements that may safely run twice.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SpeculativeConfig {
    /// Seconds to wait for an answer before one more node is asked.
    #[schemars(range(min = 0.001, max = 3_600.0))]
    pub delay: f64,
    /// How many more nodes are asked; 0 = none.
    #[schemars(range(min = 0, max = 16))]
    pub max: u32,
}

impl Default for SpeculativeConfig {
    fn default() -> Self {
        Self { delay: 0.2, max: 2 }
    }
}

/// An execution profile: what it leaves out is as for requests without a profile.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileConfig {
    /// How many replicas must answer.
    #[schemars(with = "ConsistencyName")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyName>,
    /// Where the order of conditional writes is agreed on.
    #[schemars(with = "SerialName")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_consistency: Option<SerialName>,
    /// Seconds for one statement, the driver's attempts at other nodes included.
    #[schemars(with = "f64", range(min = 0.001, max = 3_600.0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout: Option<f64>,
    /// Whether the driver tries another node after a failure.
    #[schemars(with = "bool")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<bool>,
    /// Asking a second node when the first is slow.
    #[schemars(with = "SpeculativeConfig")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speculative: Option<SpeculativeConfig>,
}

/// The names that every store has: the configuration's own, then the founding guide's.
pub const BUILT_IN_PROFILES: [&str; 5] =
    ["default", "strong_reads", "fast_writes", "lwt_operations", "analytics"];

/// The keyspace and its tables.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaConfig {
    /// Create and migrate what is missing when the store opens; off = only check.
    pub create: bool,
    /// Where copies are kept, for a keyspace that is created.
    pub replication: ReplicationConfig,
    /// How tables that are created are compacted.
    pub compaction: CompactionName,
    /// Further options of the compaction, by the server's names (`min_threshold`: `"4"`).
    #[schemars(extend("maxProperties" = 32))]
    pub compaction_options: BTreeMap<String, String>,
    /// Seconds that a deletion is remembered before it is forgotten; null = the server's default.
    #[schemars(range(min = 0, max = 630_720_000))]
    pub gc_grace_seconds: Option<u32>,
    /// The table's own time to live for rows written by others without one, in seconds; 0 = none.
    #[schemars(range(min = 0, max = 630_720_000))]
    pub default_time_to_live: u32,
    /// How tables that are created are compressed on disk; null = the server's default.
    #[schemars(length(min = 1, max = 64))]
    pub compression: Option<String>,
    /// Parts of the namespace index; fixed once the tables exist.
    #[schemars(range(min = 1, max = 1_024))]
    pub namespace_buckets: u32,
    /// Tablets for a keyspace that is created on ScyllaDB; null = the server's default.
    pub tablets: Option<bool>,
}

impl Default for SchemaConfig {
    fn default() -> Self {
        Self {
            create: true,
            replication: ReplicationConfig::default(),
            compaction: CompactionName::default(),
            compaction_options: BTreeMap::new(),
            gc_grace_seconds: None,
            default_time_to_live: 0,
            compression: None,
            namespace_buckets: 16,
            tablets: None,
        }
    }
}

/// Where copies are kept.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct ReplicationConfig {
    /// By data centre, or round the ring without looking at them.
    pub strategy: StrategyName,
    /// Copies in every data centre; null = 3, or all nodes of a data centre that has fewer.
    #[schemars(range(min = 1, max = 64))]
    pub factor: Option<u32>,
    /// Copies per data centre by its name; empty = `factor` in every data centre.
    #[schemars(extend("maxProperties" = 64))]
    pub datacenters: BTreeMap<String, u32>,
}

/// Replication strategies.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// NetworkTopologyStrategy.
    #[default]
    NetworkTopology,
    /// SimpleStrategy; for tests.
    Simple,
}

/// Compaction strategies.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CompactionName {
    /// The best for items that are overwritten: leveled on Apache Cassandra, ScyllaDB's own default there.
    #[default]
    Auto,
    /// LeveledCompactionStrategy.
    Leveled,
    /// SizeTieredCompactionStrategy.
    SizeTiered,
    /// UnifiedCompactionStrategy (Apache Cassandra 5).
    Unified,
    /// IncrementalCompactionStrategy (ScyllaDB).
    Incremental,
    /// TimeWindowCompactionStrategy, with `gc_grace_seconds` 86400 unless set: for items that are never overwritten.
    TimeWindow,
}

impl Config {
    /// How long one statement may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.request_timeout)
    }

    /// The keyspace; empty where the backend has none.
    pub fn keyspace(&self) -> &str {
        self.keyspace.as_deref().unwrap_or_default()
    }

    /// A table's name in CQL: `"keyspace"."store"`.
    pub fn table(&self, name: &str) -> String {
        format!("\"{}\".\"{name}\"", self.keyspace())
    }

    /// Host and port of every contact point.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, u16)> {
        self.contact_points.iter().filter_map(|point| super::check::endpoint(point, self.port))
    }

    /// The names of the execution profiles: the built-in ones, then the configuration's own in the
    /// order of their names. A profile's index counts in this order; 0 is the default.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        let own = self.profiles.keys().map(String::as_str);
        BUILT_IN_PROFILES.into_iter().chain(own.filter(|name| !BUILT_IN_PROFILES.contains(name)))
    }

    /// The index of the execution profile of this name.
    pub fn profile(&self, name: &str) -> Option<usize> {
        self.profile_names().position(|known| known == name)
    }
}
