//! How the counters of a store are shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the counters are shown.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Value of a label `store` on every sample of the text for Prometheus, to tell several stores apart; null = no label.
    #[schemars(length(min = 1, max = 1_024))]
    pub store: Option<String>,
    /// Add the names `scylladb_*` of the store's first guides to the text for Prometheus.
    pub legacy_names: bool,
}
