//! The options of the guards between a store and its backend: rate limit, circuit breaker, retry.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BackendName;
use super::schema::nearest;
use crate::error::{Error, Result};
use crate::store::operation::Kind;

/// How many requests of each operation are let through.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitConfig {
    /// How requests are counted.
    pub algorithm: Algorithm,
    /// Requests per minute of each operation that `operations` does not name; null = no limit.
    #[schemars(range(min = 1, max = 60_000_000))]
    pub requests_per_minute: Option<u32>,
    /// Requests that may come at once after a pause; null = a tenth of `requests_per_minute`. Not with
    /// "sliding_window".
    #[schemars(range(min = 1, max = 60_000_000))]
    pub burst: Option<u32>,
    /// What becomes of a request above the limit.
    pub on_limit: OnLimit,
    /// Limits of single operations by their names: `{"put": {"requests_per_minute": 600, "burst": 10}}`.
    #[schemars(extend("maxProperties" = 32))]
    pub operations: BTreeMap<String, OperationLimit>,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// A bucket of `burst` tokens that fills evenly; each request takes one.
    #[default]
    TokenBucket,
    /// No more than `requests_per_minute` in any minute.
    SlidingWindow,
    /// Both at once.
    Both,
}

/// What becomes of a request above the limit.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// It fails as rate limited and says when to come again.
    #[default]
    Refuse,
    /// It waits for its turn, in order; its deadline runs, and it counts as in flight.
    Wait,
}

/// The limit of one operation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct OperationLimit {
    /// Requests per minute; null = no limit.
    #[schemars(range(min = 1, max = 60_000_000))]
    pub requests_per_minute: Option<u32>,
    /// Requests that may come at once after a pause; null = a tenth of `requests_per_minute`.
    #[schemars(range(min = 1, max = 60_000_000))]
    pub burst: Option<u32>,
}

/// When requests are refused because the cluster is not there.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// Whether there is a circuit breaker; null = on a cluster only.
    pub enabled: Option<bool>,
    /// Failures in a row that open it.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failure_threshold: u32,
    /// Successes in a row that close it again, and the most requests let through while it is half open.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub success_threshold: u32,
    /// Seconds that it stays open before it lets a few requests through.
    #[schemars(range(min = 0.001, max = 86_400.0))]
    pub timeout: f64,
}

/// When a request that failed is tried again.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct RetryConfig {
    /// Attempts after the first, for requests that say nothing of it.
    #[schemars(range(min = 0, max = 100))]
    pub max_retries: u32,
    /// Seconds before the first retry.
    #[schemars(range(min = 0.0, max = 3_600.0))]
    pub retry_delay: f64,
    /// How many times longer each pause is than the one before.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub retry_backoff: f64,
    /// The longest pause in seconds, before the random part.
    #[schemars(range(min = 0.0, max = 3_600.0))]
    pub max_delay: f64,
    /// Makes each pause longer by a random part, up to as much again.
    pub jitter: bool,
}

impl BreakerConfig {
    /// Whether a store on this backend has a breaker.
    pub fn is_on(&self, backend: BackendName) -> bool {
        self.enabled.unwrap_or(!matches!(backend, BackendName::Embedded | BackendName::Fault))
    }
}

impl RateLimitConfig {
    /// The limit of an operation: requests per minute and burst; `None` = unlimited.
    pub fn of(&self, kind: Kind) -> Option<(u32, u32)> {
        let own = self.operations.get(kind.name());
        let (per_minute, burst) =
            own.map_or((self.requests_per_minute, self.burst), |own| (own.requests_per_minute, own.burst));
        per_minute.map(|per_minute| (per_minute, burst.unwrap_or((per_minute / 10).max(1))))
    }

    /// Checks what holds between fields.
    pub(super) fn check(&self) -> Result<()> {
        let no_burst = |burst: Option<u32>, field: &str| match burst {
            Some(_) if self.algorithm == Algorithm::SlidingWindow => {
                let message =
                    "a sliding window has no burst; leave it out, or set rate_limit.algorithm to \"both\"";
                Err(Error::invalid(field, message))
            }
            _ => Ok(()),
        };
        no_burst(self.burst, "rate_limit.burst")?;
        for (name, own) in &self.operations {
            let field = format!("rate_limit.operations.{name}");
            if !Kind::ALL.iter().any(|kind| kind.name() == name && is_limited(*kind)) {
                let known = Kind::ALL.iter().filter(|kind| is_limited(**kind)).map(|kind| kind.name());
                let hint = match nearest(name, known.clone()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("these can have a limit: {}", known.collect::<Vec<_>>().join(", ")),
                };
                return Err(Error::invalid(field, format!("no such operation; {hint}")));
            }
            no_burst(own.burst, &format!("{field}.burst"))?;
        }
        Ok(())
    }
}

/// Whether requests of this kind can have a limit: those for items, not those of the store's care.
pub fn is_limited(kind: Kind) -> bool {
    kind as u32 <= Kind::Count as u32
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { enabled: None, failure_threshold: 5, success_threshold: 3, timeout: 30.0 }
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { max_retries: 0, retry_delay: 0.1, retry_backoff: 2.0, max_delay: 10.0, jitter: true }
    }
}
