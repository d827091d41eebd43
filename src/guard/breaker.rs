//! The circuit breaker: after some failures in a row that speak of the cluster's health, requests are
//! answered at once instead of waiting for a cluster that is not there.
//!
//! A failure counts only if no other request has succeeded since its own began. Where one node of many hangs,
//! what was sent to it runs into its time limit all at once, long after the others have answered the rest: many
//! failures in a row, of a cluster that is well.
//!
//! CLOSED lets everything through and counts failures in a row. OPEN refuses everything until its
//! time is over. HALF_OPEN lets as many probes through as are still missing for closing: enough
//! successes close it, one failure opens it again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::{Mutex, MutexGuard};
use crate::store::config::guards::BreakerConfig;
pub use crate::telemetry::report::BreakerState as State;

/// What an outcome says of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answered.
    Healthy,
    /// It did not, or could not.
    Sick,
    /// Nothing: the request was at fault, or ended early.
    Neutral,
}

/// The right to send one request; goes back with the request's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Which stretch between two changes of state it was given in: later verdicts count no more.
    generation: u64,
    /// Successes of all requests until then.
    heard: u64,
}

/// The breaker's state as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerStatus {
    /// What it does with requests.
    pub state: State,
    /// Failures in a row so far; in OPEN and HALF_OPEN those that opened it.
    pub failures: u32,
    /// Successful probes so far, in HALF_OPEN.
    pub successes: u32,
    /// How long it stays OPEN yet.
    pub retry_after: Option<Duration>,
    /// How often it has opened.
    pub opened: u64,
    /// Failures that it has counted, in a row or not.
    pub all_failures: u64,
}

/// A circuit breaker. All methods may be called from any thread; none blocks for longer than a few moves.
pub struct Breaker {
    failure_threshold: u32,
    success_threshold: u32,
    timeout: Duration,
    /// CLOSED and no failure counted: then neither asking nor a success touches the lock.
    calm: AtomicBool,
    /// Of `inner`, for those who do not take the lock. One that is read too early or too late makes a
    /// verdict count in the next state or in none, which nobody can tell from its coming earlier or later.
    generation: AtomicU64,
    /// Successes so far. One that is counted a moment late leaves a failure counted that need not be.
    heard: AtomicU64,
    inner: Mutex<Inner>,
    notice: Box<dyn Fn(State, u32) + Send + Sync>,
}

struct Inner {
    state: State,
    failures: u32,
    successes: u32,
    /// Probes that have no verdict yet.
    probes: u32,
    /// OPEN: since when. HALF_OPEN: when the last probe went out.
    since: Instant,
    /// How often it has opened.
    opened: u64,
    /// Failures counted, in a row or not.
    all_failures: u64,
}

impl Breaker {
    /// A closed breaker; `notice` hears of every change of state and of the failures in a row then.
    pub fn new(config: &BreakerConfig, notice: impl Fn(State, u32) + Send + Sync + 'static) -> Self {
        Self {
            failure_threshold: config.failure_threshold,
            success_threshold: config.success_threshold,
            timeout: Duration::from_secs_f64(config.timeout),
            calm: AtomicBool::new(true),
            generation: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                state: State::Closed,
                failures: 0,
                successes: 0,
                probes: 0,
                since: Instant::now(),
                opened: 0,
                all_failures: 0,
            }),
            notice: Box::new(notice),
        }
    }

    /// Asks for leave to send a request; refused with the time after which asking again may help.
    pub fn admit(&self) -> Result<Permit, Duration> {
        let permit = || Permit {
            generation: self.generation.load(Ordering::Relaxed),
            heard: self.heard.load(Ordering::Relaxed),
        };
        if self.calm.load(Ordering::Relaxed) {
            return Ok(permit());
        }
        let mut inner = self.inner.lock();
        let now = Instant::now();
        match inner.state {
            State::Closed => return Ok(permit()),
            State::Open => {
                let left = self.timeout.saturating_sub(now - inner.since);
                if left > Duration::ZERO {
                    return Err(left);
                }
                self.change(&mut inner, State::HalfOpen);
            }
            State::HalfOpen => {
                // A probe whose verdict does not come must not keep the breaker half open for ever.
                if inner.probes > 0 && now - inner.since >= self.timeout {
                    self.generation.fetch_add(1, Ordering::Relaxed);
                    inner.probes = 0;
                }
            }
        }
        if inner.probes >= self.success_threshold - inner.successes {
            // How long the probes will take nobody knows; half the open time at the most.
            return Err((self.timeout / 2).min(Duration::from_millis(100)));
        }
        inner.probes += 1;
        inner.since = now;
        let permit = permit();
        drop(inner);
        Ok(permit)
    }

    /// Gives a permit back with what came of it. Exactly once for each permit.
    pub fn report(&self, permit: Permit, verdict: Verdict) {
        if verdict == Verdict::Healthy {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        if verdict != Verdict::Sick && self.calm.load(Ordering::Relaxed) {
            return;
        }
        let mut inner = self.inner.lock();
        if permit.generation != self.generation.load(Ordering::Relaxed) {
            return;
        }
        if inner.state == State::HalfOpen {
            inner.probes = inner.probes.saturating_sub(1);
        }
        self.count(&mut inner, permit, verdict);
    }

    /// Counts a failure of a part of a request whose permit is not given back by this.
    pub fn part_failed(&self, permit: Permit) {
        let mut inner = self.inner.lock();
        if permit.generation == self.generation.load(Ordering::Relaxed) {
            self.count(&mut inner, permit, Verdict::Sick);
        }
    }

    fn count(&self, inner: &mut MutexGuard<'_, Inner>, permit: Permit, verdict: Verdict) {
        inner.all_failures += u64::from(verdict == Verdict::Sick);
        let others_succeeded = self.heard.load(Ordering::Relaxed) != permit.heard;
        match (inner.state, verdict) {
            (State::Closed, Verdict::Healthy) => {
                inner.failures = 0;
                self.calm.store(true, Ordering::Relaxed);
            }
            (State::Closed, Verdict::Sick) if others_succeeded => {}
            (State::Closed, Verdict::Sick) => {
                inner.failures += 1;
                self.calm.store(false, Ordering::Relaxed);
                if inner.failures >= self.failure_threshold {
                    self.change(inner, State::Open);
                }
            }
            (State::HalfOpen, Verdict::Healthy) => {
                inner.successes += 1;
                if inner.successes >= self.success_threshold {
                    self.change(inner, State::Closed);
                }
            }
            (State::HalfOpen, Verdict::Sick) => self.change(inner, State::Open),
            (State::Open, _) | (_, Verdict::Neutral) => {}
        }
    }

    fn change(&self, inner: &mut MutexGuard<'_, Inner>, state: State) {
        let failures = inner.failures;
        inner.state = state;
        inner.successes = 0;
        inner.probes = 0;
        inner.since = Instant::now();
        match state {
            State::Closed => inner.failures = 0,
            State::HalfOpen => {}
            State::Open => inner.opened += 1,
        }
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.calm.store(state == State::Closed, Ordering::Relaxed);
        (self.notice)(state, failures);
    }

    /// Closes the breaker, whatever it was; requests under way do not count any more.
    pub fn reset(&self) {
        let mut inner = self.inner.lock();
        if inner.state != State::Closed {
            return self.change(&mut inner, State::Closed);
        }
        inner.failures = 0;
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.calm.store(true, Ordering::Relaxed);
    }

    /// What the breaker does now. One whose time is over but which nobody has asked since is HALF_OPEN.
    pub fn status(&self) -> BreakerStatus {
        let inner = self.inner.lock();
        let (mut state, mut retry_after) = (inner.state, None);
        if state == State::Open {
            match self.timeout.saturating_sub(inner.since.elapsed()) {
                Duration::ZERO => state = State::HalfOpen,
                left => retry_after = Some(left),
            }
        }
        let (failures, successes) = (inner.failures, inner.successes);
        let (opened, all_failures) = (inner.opened, inner.all_failures);
        BreakerStatus { state, failures, successes, retry_after, opened, all_failures }
    }
}

impl std::fmt::Debug for Breaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Breaker").field("status", &self.status()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
