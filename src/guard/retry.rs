//! Which requests are run again after which failures, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::error::{Code, Error};
use crate::store::config::guards::RetryConfig;
use crate::store::operation::{Batch, Operation};
use crate::store::request::RetryOptions;

/// How often and after which pauses something is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Attempts after the first.
    pub max_retries: u32,
    /// The pause before the first retry.
    pub delay: Duration,
    /// By how much each pause is longer than the one before.
    pub backoff: f32,
    /// The longest pause, before the random part.
    pub max_delay: Duration,
    /// Adds up to as much again to each pause, at random.
    pub jitter: bool,
}

/// The pauses before each retry; ends when there are no more retries.
pub type Backoff = <ExponentialBuilder as BackoffBuilder>::Backoff;

impl Policy {
    /// What the configuration says, but for what a request says itself.
    pub fn new(config: &RetryConfig, request: Option<&RetryOptions>) -> Self {
        let own = request.copied().unwrap_or_default();
        Self {
            max_retries: own.max_retries.unwrap_or(config.max_retries),
            delay: Duration::from_secs_f64(own.retry_delay.unwrap_or(config.retry_delay)),
            backoff: own.retry_backoff.unwrap_or(config.retry_backoff) as f32,
            max_delay: Duration::from_secs_f64(config.max_delay),
            jitter: config.jitter,
        }
    }

    /// The pauses: exponential, at most `max_delay`, with a random part unless that is turned off.
    pub fn delays(&self) -> Backoff {
        let builder = ExponentialBuilder::new()
            .with_min_delay(self.delay.min(self.max_delay))
            .with_factor(self.backoff)
            .with_max_delay(self.max_delay)
            .with_max_times(self.max_retries as usize);
        if self.jitter { builder.with_jitter().build() } else { builder.build() }
    }
}

/// Whether running the operation twice leaves what running it once leaves and gives the same answer,
/// when nothing else happens in between. `in_doubt`: the first run may have been applied.
///
/// Conditional writes are not: the second run could meet the first one's work. delete_prefix answers a
/// number that the first run may have taken away. A batch that reads and writes would read its own
/// writes after a first run that was applied.
pub fn is_idempotent(operation: &Operation, in_doubt: bool) -> bool {
    match operation {
        Operation::Put(_)
        | Operation::Get(_)
        | Operation::Delete(_)
        | Operation::Search(_)
        | Operation::ListNamespaces(_)
        | Operation::Count(_) => true,
        Operation::Batch(batch) => !in_doubt || is_pure(batch),
        Operation::Conditional(_) | Operation::DeletePrefix(_) | Operation::Sweep | Operation::Admin(_) => {
            false
        }
    }
}

fn is_pure(batch: &Batch) -> bool {
    let writes = batch.operations.iter().filter(|operation| operation.writes()).count();
    writes == 0 || writes == batch.operations.len()
}

/// Whether the failure is one that time may cure: the cluster was away, slow or too busy, or a write's
/// acknowledgement was lost.
pub fn is_transient(error: &Error) -> bool {
    matches!(error.code(), Code::Unavailable | Code::Overloaded | Code::Timeout | Code::UnknownOutcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(jitter: bool) -> Policy {
        let config = RetryConfig { max_retries: 5, max_delay: 1.0, jitter, ..RetryConfig::default() };
        Policy::new(&config, None)
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let pauses: Vec<_> = policy(false).delays().map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000]);
    }

    #[test]
    fn jitter_adds_less_than_as_much_again() {
        let mut differ = false;
        for _ in 0..100 {
            let pauses: Vec<_> = policy(true).delays().collect();
            for (pause, base) in pauses.iter().zip(policy(false).delays()) {
                assert!((base..base * 2).contains(pause), "{pause:?} for {base:?}");
                differ |= *pause != base;
            }
            assert_eq!(pauses.len(), 5);
        }
        assert!(differ);
    }

    #[test]
    fn a_request_wins_over_the_configuration() {
        let own = RetryOptions { max_retries: Some(1), retry_delay: Some(0.0), retry_backoff: None };
        let policy = Policy::new(&RetryConfig { max_retries: 9, ..RetryConfig::default() }, Some(&own));
        assert_eq!((policy.max_retries, policy.delay, policy.backoff), (1, Duration::ZERO, 2.0));
        assert_eq!(policy.delays().count(), 1);
    }
}
