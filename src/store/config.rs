//! The configuration of a store: one JSON document, strict, with a schema generated from these types.

use schemars::JsonSchema;
use serde::Deserialize;

/// A store's configuration. Times are seconds (fractions allowed), sizes bytes.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where items live.
    pub backend: BackendName,
    /// The file of the embedded store; absent = in memory, nothing on disk.
    pub path: Option<String>,
    /// When a write to a file is acknowledged.
    pub durability: Durability,
    /// Top-level members (or, with `filter_paths`, paths) that a file keeps an index on.
    pub indexes: Vec<String>,
    /// Connections that read a file at the same time.
    pub readers: u32,
    /// Open the file for reading only.
    pub read_only: bool,
    /// Times to live.
    pub ttl: TtlConfig,
    /// Sizes and counts that are refused or warned of.
    pub limits: Limits,
    /// How searches behave.
    pub search: SearchConfig,
    /// Deadline of a request that brings none, in seconds; absent = none.
    pub timeout: Option<f64>,
    /// Answer bounded reads on the caller's thread when the caller allows it.
    pub immediate: bool,
    /// Enables the operation `advance`, which moves this store's clock (for tests).
    pub test_clock: bool,
    /// What the fault backend does to requests.
    pub fault: FaultConfig,
}

/// The backends.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BackendName {
    /// In this process: in memory, or in the file `path`.
    #[default]
    Embedded,
    /// In memory, with the faults of `fault`: for the tests of programs and bindings.
    Fault,
}

/// When a write to a file is acknowledged.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// After it is on the medium: survives power loss.
    #[default]
    Full,
    /// After the operating system has it: survives the process, not power loss.
    Normal,
}

/// Times to live.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct TtlConfig {
    /// Seconds for puts without `ttl`; absent = for ever.
    pub default_ttl: Option<f64>,
    /// Whether reads that do not say `refresh_ttl` move the expiry.
    pub refresh_on_read: bool,
    /// A refresh is passed over while less than this part (0 to 0.9) of the TTL has gone by.
    pub refresh_slack: f64,
    /// Seconds between two runs of the sweeper; absent = none.
    pub sweep_interval: Option<f64>,
}

/// Sizes and counts.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a value's text.
    pub value_bytes: usize,
    /// Bytes of a value's text from which a warning is logged.
    pub warn_value_bytes: usize,
    /// Bytes of a key.
    pub key_bytes: usize,
    /// Labels of a namespace.
    pub namespace_labels: usize,
    /// Code points of a label.
    pub label_chars: usize,
    /// Nesting of a value.
    pub value_depth: usize,
    /// Operations of a logged batch.
    pub logged_batch_operations: usize,
    /// Bytes of the values of a logged batch.
    pub logged_batch_bytes: usize,
    /// Operations of a batch from which a warning is logged.
    pub warn_batch_operations: usize,
    /// The greatest `limit` of a search or listing.
    pub search_limit: usize,
    /// Requests in flight; more are refused as busy.
    pub inflight_operations: usize,
    /// Bytes of request bodies in flight.
    pub inflight_bytes: usize,
}

/// How searches behave.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// The order of searches that name none.
    pub default_order: OrderName,
    /// Member names in filters are paths: `a.b`, `a[0]`.
    pub filter_paths: bool,
    /// Rows per page of a cluster's answer.
    pub page_size: usize,
    /// Rows that a read may examine and still be answered on the caller's thread.
    pub immediate_rows: usize,
}

/// Names of orders, as in requests: a field and a direction.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum OrderName {
    #[default]
    #[serde(rename = "key")]
    KeyAsc,
    #[serde(rename = "key desc")]
    KeyDesc,
    #[serde(rename = "updated_at asc")]
    UpdatedAsc,
    #[serde(rename = "updated_at desc")]
    UpdatedDesc,
    #[serde(rename = "created_at asc")]
    CreatedAsc,
    #[serde(rename = "created_at desc")]
    CreatedDesc,
}

/// What the fault backend does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct FaultConfig {
    /// Microseconds that each accepted request waits before it runs.
    pub delay_us: u64,
    /// Every n-th request fails as unavailable; 0 = none.
    pub fail_every: u64,
    /// Every n-th request panics inside; 0 = none.
    pub panic_every: u64,
    /// Answers of get are padded with a member `"padding"` to this many bytes; 0 = not.
    pub size_bytes: usize,
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
            immediate: true,
            test_clock: false,
            fault: FaultConfig::default(),
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
            immediate_rows: 64,
        }
    }
}
