//! The configuration of a store: one JSON document, strict, with a schema generated from these types.
//!
//! The types below say everything once: names, types, defaults, limits and meaning. The schema is
//! generated from them and is also what documents, URLs and environment variables are checked
//! against, so that none of the three can differ. `docs/configuration.md` explains it to users.

mod check;
pub mod cql;
mod env;
pub mod guards;
mod metrics;
mod parse;
mod schema;
mod url;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use cql::{
    AuthConfig, Compression, ConnectConfig, ConsistencyName, PoolConfig, ProfileConfig, SchemaConfig,
    SerialName, SpeculativeConfig, TlsConfig,
};
use guards::{BreakerConfig, RateLimitConfig, RetryConfig};
pub use metrics::MetricsConfig;
pub use schema::{describe, schema};

/// A store's configuration. Times are seconds (fractions allowed), sizes bytes.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where items live.
    pub backend: BackendName,
    /// The file of the embedded store; null = in memory, nothing on disk.
    #[schemars(length(min = 1, max = 4_096))]
    pub path: Option<String>,
    /// When a write to a file is acknowledged.
    pub durability: Durability,
    /// Top-level members (or, with `filter_paths`, paths) that a file keeps an index on.
    #[schemars(length(max = 64), inner(length(min = 1, max = 1_024)), extend("uniqueItems" = true))]
    pub indexes: Vec<String>,
    /// Connections that read a file at the same time.
    #[schemars(range(min = 1, max = 64))]
    pub readers: u32,
    /// Open the file for reading only.
    pub read_only: bool,
    /// Times to live.
    pub ttl: TtlConfig,
    /// Sizes and counts that are refused or warned of.
    pub limits: Limits,
    /// How searches behave.
    pub search: SearchConfig,
    /// Deadline of a request that brings none, in seconds; null = none.
    #[schemars(range(min = 0.000_001, max = 86_400.0))]
    pub timeout: Option<f64>,
    /// How the counters are shown.
    pub metrics: MetricsConfig,
    /// Answer bounded reads, and single writes in memory, on the caller's thread when the caller allows it.
    pub immediate: bool,
    /// Enables the operation `advance`, which moves this store's clock (for tests).
    pub test_clock: bool,
    /// How many requests of each operation are let through.
    pub rate_limit: RateLimitConfig,
    /// When requests are refused because the cluster is not there.
    pub breaker: BreakerConfig,
    /// When a request that failed is tried again.
    pub retry: RetryConfig,
    /// What the fault backend does to requests.
    pub fault: FaultConfig,
    /// Nodes of the cluster to begin with: `host`, `host:port` or `[address]:port`.
    #[schemars(length(max = 64), inner(length(min = 1, max = 300)), extend("uniqueItems" = true))]
    pub contact_points: Vec<String>,
    /// The port of contact points that name none.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,
    /// The keyspace that holds the tables.
    #[schemars(length(min = 1, max = 48))]
    pub keyspace: Option<String>,
    /// The data centre that requests go to, others only when it is away; null = no preference.
    #[schemars(length(min = 1, max = 256))]
    pub local_datacenter: Option<String>,
    /// Who asks: password authentication.
    pub auth: AuthConfig,
    /// Encryption of the connections.
    pub tls: TlsConfig,
    /// How connections are made and kept.
    pub connect: ConnectConfig,
    /// How many connections are kept.
    pub pool: PoolConfig,
    /// Compression of what goes over connections.
    pub compression: Compression,
    /// How many replicas must answer.
    pub consistency: ConsistencyName,
    /// Where the order of conditional writes is agreed on.
    pub serial_consistency: SerialName,
    /// Seconds for one statement to the cluster, the driver's attempts at other nodes included.
    #[schemars(range(min = 0.001, max = 3_600.0))]
    pub request_timeout: f64,
    /// Asking a second node when the first is slow.
    pub speculative: SpeculativeConfig,
    /// Execution profiles that requests may name, besides the built-in ones.
    #[schemars(extend("maxProperties" = 64))]
    pub profiles: BTreeMap<String, ProfileConfig>,
    /// The keyspace and its tables.
    pub schema: SchemaConfig,
    /// Seconds that a namespace's registration is taken for granted before a put renews it.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub namespace_lease: f64,
    /// Seconds that a known `created_at` is used before it is read again; 0 = always read.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub created_at_cache: f64,
    /// Seconds that the clocks of clients may differ; conditional writes wait that much after plain ones.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub max_clock_skew: f64,
    /// Environment variables `LGSTORE_*` fill what this document leaves out.
    pub from_env: bool,
}

/// The backends.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BackendName {
    /// In this process: in memory, or in the file `path`.
    #[default]
    Embedded,
    /// In memory, with the faults of `fault`: for the tests of programs and bindings.
    Fault,
    /// ScyllaDB or Apache Cassandra at `contact_points`.
    Cql,
}

/// When a write to a file is acknowledged.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// After it is on the medium: survives power loss.
    #[default]
    Full,
    /// After the operating system has it: survives the process, not power loss.
    Normal,
}

/// Times to live.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct TtlConfig {
    /// Seconds for puts without `ttl`; null = for ever.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 630_720_000.0))]
    pub default_ttl: Option<f64>,
    /// Whether reads that do not say `refresh_ttl` move the expiry.
    pub refresh_on_read: bool,
    /// A refresh is passed over while less than this part (0 to 0.9) of the TTL has gone by.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub refresh_slack: f64,
    /// Seconds between two runs of the sweeper; null = none.
    #[schemars(range(min = 0.001, max = 31_536_000.0))]
    pub sweep_interval: Option<f64>,
}

/// Sizes and counts.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a value's text.
    #[schemars(range(min = 1, max = 268_435_456))]
    pub value_bytes: usize,
    /// Bytes of a value's text from which a warning is logged.
    #[schemars(range(min = 1, max = 268_435_456))]
    pub warn_value_bytes: usize,
    /// Bytes of a key.
    #[schemars(range(min = 1, max = 65_535))]
    pub key_bytes: usize,
    /// Labels of a namespace.
    #[schemars(range(min = 1, max = 64))]
    pub namespace_labels: usize,
    /// Code points of a label.
    #[schemars(range(min = 1, max = 4_096))]
    pub label_chars: usize,
    /// Nesting of a value.
    #[schemars(range(min = 1, max = 1_000))]
    pub value_depth: usize,
    /// Operations of a logged batch.
    #[schemars(range(min = 1, max = 100_000))]
    pub logged_batch_operations: usize,
    /// Bytes of the values of a logged batch.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub logged_batch_bytes: usize,
    /// Operations of a batch from which a warning is logged.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub warn_batch_operations: usize,
    /// Bytes of one unlogged batch that a cluster is sent; more are split.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub unlogged_batch_bytes: usize,
    /// Statements of one unlogged batch that a cluster is sent; more are split.
    #[schemars(range(min = 1, max = 65_535))]
    pub unlogged_batch_operations: usize,
    /// The greatest `limit` of a search or listing.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub search_limit: usize,
    /// Requests in flight; more are refused as busy.
    #[schemars(range(min = 1, max = 262_144))]
    pub inflight_operations: usize,
    /// Bytes of request bodies in flight.
    #[schemars(range(min = 1, max = 1_099_511_627_776u64))]
    pub inflight_bytes: usize,
}

/// How searches behave.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// The order of searches that name none.
    pub default_order: OrderName,
    /// Member names in filters are paths: `a.b`, `a[0]`.
    pub filter_paths: bool,
    /// Rows per page of a cluster's answer.
    #[schemars(range(min = 1, max = 100_000))]
    pub page_size: usize,
    /// Rows that a search on a cluster may read when its order needs all matches.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_examined: usize,
    /// Rows that a read may examine and still be answered on the caller's thread.
    #[schemars(range(min = 0, max = 100_000))]
    pub immediate_rows: usize,
}

/// Names of orders, as in requests: a field and a direction, `asc` when none is named.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[schemars(extend("enum" = ["key", "key asc", "key desc", "updated_at", "updated_at asc", "updated_at desc",
    "created_at", "created_at asc", "created_at desc"]))]
#[allow(missing_docs)]
pub enum OrderName {
    #[default]
    #[serde(rename = "key", alias = "key asc")]
    KeyAsc,
    #[serde(rename = "key desc")]
    KeyDesc,
    #[serde(rename = "updated_at asc", alias = "updated_at")]
    UpdatedAsc,
    #[serde(rename = "updated_at desc")]
    UpdatedDesc,
    #[serde(rename = "created_at asc", alias = "created_at")]
    CreatedAsc,
    #[serde(rename = "created_at desc")]
    CreatedDesc,
}

/// What the fault backend does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct FaultConfig {
    /// Microseconds that each accepted request waits before it runs.
    #[schemars(range(min = 0, max = 3_600_000_000u64))]
    pub delay_us: u64,
    /// Every n-th request fails as unavailable; 0 = none.
    pub fail_every: u64,
    /// The first n requests fail as unavailable.
    pub fail_first: u64,
    /// Every n-th request panics inside; 0 = none.
    pub panic_every: u64,
    /// Answers of get are padded with a member `"padding"` to this many bytes; 0 = not.
    #[schemars(range(min = 0, max = 67_108_864))]
    pub size_bytes: usize,
}

impl Config {
    /// The file to open; `None` = in memory.
    pub fn engine_path(&self) -> Option<&Path> {
        self.path.as_deref().map(Path::new)
    }

    /// How long a request may take that says nothing of it.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs_f64)
    }

    /// How long the sweeper waits between two runs; `None` = it does not run.
    pub fn sweep_interval(&self) -> Option<Duration> {
        self.ttl.sweep_interval.map(Duration::from_secs_f64)
    }

    /// The configuration in force as a JSON document, every member spelled out.
    pub fn to_json(&self) -> String {
        // Nothing in these types can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backend: BackendName::default(),
            path: None,
            durability: Durability::default(),
            indexes: Vec::new(),
            readers: 4,
            read_only: false,
            ttl: TtlConfig::default(),
            limits: Limits::default(),
            search: SearchConfig::default(),
            timeout: None,
            metrics: MetricsConfig::default(),
            immediate: true,
            test_clock: false,
            rate_limit: RateLimitConfig::default(),
            breaker: BreakerConfig::default(),
            retry: RetryConfig::default(),
            fault: FaultConfig::default(),
            contact_points: Vec::new(),
            port: 9_042,
            keyspace: None,
            local_datacenter: None,
            auth: AuthConfig::default(),
            tls: TlsConfig::default(),
            connect: ConnectConfig::default(),
            pool: PoolConfig::default(),
            compression: Compression::default(),
            consistency: ConsistencyName::default(),
            serial_consistency: SerialName::default(),
            request_timeout: 2.0,
            speculative: SpeculativeConfig::default(),
            profiles: BTreeMap::new(),
            schema: SchemaConfig::default(),
            namespace_lease: 60.0,
            created_at_cache: 10.0,
            max_clock_skew: 0.005,
            from_env: false,
        }
    }
}

impl Default for TtlConfig {
    fn default() -> Self {
        Self { default_ttl: None, refresh_on_read: false, refresh_slack: 0.2, sweep_interval: Some(300.0) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            value_bytes: 1_000_000,
            warn_value_bytes: 100_000,
            key_bytes: 1_024,
            namespace_labels: 10,
            label_chars: 256,
            value_depth: 128,
            logged_batch_operations: 100,
            logged_batch_bytes: 40 * 1_024,
            warn_batch_operations: 50,
            unlogged_batch_bytes: 40 * 1_024,
            unlogged_batch_operations: 100,
            search_limit: 100_000,
            inflight_operations: 16_384,
            inflight_bytes: 256 * 1024 * 1024,
        }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            default_order: OrderName::default(),
            filter_paths: false,
            page_size: 5_000,
            max_examined: 1_000_000,
            immediate_rows: 64,
        }
    }
}

#[cfg(test)]
mod tests;
