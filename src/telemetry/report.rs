//! What the parts of a store (its backend, its guards) say of themselves when somebody asks for metrics.
//!
//! Parts only keep numbers that grow; what happened since a reset is worked out here, by
//! subtracting what a part had reported then. So a part needs no reset of its own, and numbers that
//! belong to somebody else (a driver's) can be reported as they are.

/// The report of all parts, filled in one after the other. A part that is not there says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Caches, each by its name.
    pub caches: Vec<Cache>,
    /// Circuit breakers.
    pub breakers: Vec<Breaker>,
    /// The rate limiter.
    pub rate_limit: Option<RateLimit>,
    /// Operations that were tried again.
    pub retries: Option<Retries>,
    /// Connections to a cluster.
    pub pool: Option<Pool>,
    /// Refreshes on read that were given up: too many waited, or they had become too old.
    pub refreshes_dropped: u64,
    /// Further numbers that only grow, such as requests sent to a cluster.
    pub counters: Vec<Number>,
    /// Further numbers of the moment.
    pub gauges: Vec<Number>,
}

/// A cache: how often it knew, and how often it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// In snake_case, such as `created_at`.
    pub name: &'static str,
    /// Look-ups that were answered.
    pub hits: u64,
    /// Look-ups that were not.
    pub misses: u64,
    /// What it holds now.
    pub entries: u64,
}

/// A circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// What it guards, such as `cluster`.
    pub name: &'static str,
    /// Its state now.
    pub state: BreakerState,
    /// How often it has opened.
    pub opened: u64,
    /// Requests that it refused.
    pub rejected: u64,
    /// Failures that it has counted.
    pub failures: u64,
}

/// The states of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// A few pass, to see whether the other side is back.
    HalfOpen,
    /// Requests are refused.
    Open,
}

/// A rate limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that had to wait.
    pub waited: u64,
    /// How long they waited together, in microseconds.
    pub waited_us: u64,
    /// Requests that were refused.
    pub refused: u64,
}

/// Second and later attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// Attempts after the first.
    pub attempts: u64,
    /// Operations that succeeded at a later attempt.
    pub succeeded: u64,
    /// Operations that failed with their last attempt.
    pub exhausted: u64,
}

/// Connections to a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Open connections; `None` = not known.
    pub connections: Option<u64>,
    /// Nodes that this process has a connection to.
    pub nodes_up: u64,
    /// Nodes of the cluster.
    pub nodes: u64,
}

/// A number with a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// In snake_case, without unit or `_total`.
    pub name: &'static str,
    /// One sentence for whoever reads the metrics.
    pub help: &'static str,
    /// How many.
    pub value: u64,
}

impl Cache {
    /// Hits among all look-ups, 0 to 1; 0 before the first.
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.misses)
    }
}

/// `hits` among `hits + misses`; 0 when there are none.
pub(super) fn rate(hits: u64, misses: u64) -> f64 {
    if hits == 0 { 0.0 } else { hits as f64 / (hits as f64 + misses as f64) }
}

impl BreakerState {
    /// `CLOSED`, `HALF_OPEN` or `OPEN`.
    pub fn text(self) -> &'static str {
        match self {
            BreakerState::Closed => "CLOSED",
            BreakerState::HalfOpen => "HALF_OPEN",
            BreakerState::Open => "OPEN",
        }
    }

    /// 0 closed, 1 half open, 2 open.
    pub fn gauge(self) -> u8 {
        self as u8
    }
}

impl Report {
    /// Adds a number that only grows.
    pub fn count(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.counters.push(Number { name, help, value });
    }

    /// Adds a number of the moment.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.gauges.push(Number { name, help, value });
    }

    /// What was added since `before`; numbers of the moment stay as they are.
    pub fn since(mut self, before: &Report) -> Report {
        for cache in &mut self.caches {
            if let Some(old) = before.caches.iter().find(|old| old.name == cache.name) {
                subtract(&mut cache.hits, old.hits);
                subtract(&mut cache.misses, old.misses);
            }
        }
        for breaker in &mut self.breakers {
            if let Some(old) = before.breakers.iter().find(|old| old.name == breaker.name) {
                subtract(&mut breaker.opened, old.opened);
                subtract(&mut breaker.rejected, old.rejected);
                subtract(&mut breaker.failures, old.failures);
            }
        }
        if let (Some(new), Some(old)) = (&mut self.rate_limit, &before.rate_limit) {
            subtract(&mut new.waited, old.waited);
            subtract(&mut new.waited_us, old.waited_us);
            subtract(&mut new.refused, old.refused);
        }
        if let (Some(new), Some(old)) = (&mut self.retries, &before.retries) {
            subtract(&mut new.attempts, old.attempts);
            subtract(&mut new.succeeded, old.succeeded);
            subtract(&mut new.exhausted, old.exhausted);
        }
        for number in &mut self.counters {
            if let Some(old) = before.counters.iter().find(|old| old.name == number.name) {
                subtract(&mut number.value, old.value);
            }
        }
        subtract(&mut self.refreshes_dropped, before.refreshes_dropped);
        self
    }
}

/// A part that was made anew (a session that was opened again) counts from zero: then all is new.
fn subtract(now: &mut u64, before: u64) {
    *now = now.checked_sub(before).unwrap_or(*now);
}

#[cfg(test)]
mod tests;
