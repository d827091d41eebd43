//! What the guards have done; numbers that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::report::{RateLimit, Retries};

/// What is counted.
#[derive(Clone, Copy)]
pub(super) enum Counter {
    /// Requests refused by a rate limit.
    Limited,
    /// Requests that waited for their turn under a rate limit.
    Waited,
    /// How long they waited together, in microseconds.
    WaitedMicros,
    /// Attempts after the first of their request.
    Retried,
    /// Requests that succeeded at a later attempt.
    Succeeded,
    /// Requests that failed with their last attempt, which was not the first.
    Exhausted,
    /// Requests refused by the open breaker.
    Rejected,
}

#[derive(Debug, Default)]
pub(super) struct Counters([AtomicU64; 7]);

impl Counters {
    pub(super) fn add(&self, counter: Counter, number: u64) {
        self.0[counter as usize].fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self, counter: Counter) -> u64 {
        self.0[counter as usize].load(Ordering::Relaxed)
    }

    pub(super) fn rate_limit(&self) -> RateLimit {
        RateLimit {
            waited: self.get(Counter::Waited),
            waited_us: self.get(Counter::WaitedMicros),
            refused: self.get(Counter::Limited),
        }
    }

    pub(super) fn retries(&self) -> Retries {
        Retries {
            attempts: self.get(Counter::Retried),
            succeeded: self.get(Counter::Succeeded),
            exhausted: self.get(Counter::Exhausted),
        }
    }
}
