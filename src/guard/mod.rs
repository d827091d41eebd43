//! The guards between the store and its backend, on every backend. From the outside in: the rate limit
//! (`rate`, `line`), the circuit breaker (`breaker`), the deadline (kept by `op`; no wait and no retry
//! goes past it), retry (`retry`, `pause`). The limit on requests in flight is `op::desk`.
//!
//! A store without a configured guard, and a request that asks for no retry, go to the backend untouched.
//! Otherwise a task carries a [`Watch`] through the backend, and its outcome comes back here first.

mod attempt;
pub mod breaker;
mod counters;
mod line;
mod pause;
mod rate;
pub mod retry;
#[cfg(test)]
mod tests;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::backend::Backend;
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::config::Config;
use crate::store::config::guards::{OnLimit, RetryConfig, is_limited};
use crate::store::operation::{Kind, Operation};
use crate::store::request::{Options, Prepared};
use crate::telemetry::report::{self, Report};

use attempt::verdict;
use breaker::{Breaker, BreakerStatus, Permit, State, Verdict};
use counters::{Counter, Counters};
use line::Line;
use rate::Limit;
use retry::Policy;
pub use watch::Watch;

/// A backend behind its guards.
pub struct Guarded {
    backend: Arc<dyn Backend>,
    runtime: Handle,
    /// By the operation's number; empty without any limit.
    lines: Vec<Option<Arc<Line>>>,
    on_limit: OnLimit,
    breaker: Option<Breaker>,
    retry: RetryConfig,
    /// Rings when waits must look whether they are still wanted: at a cancel or close.
    bell: Notify,
    closed: AtomicBool,
    counters: Counters,
}

impl Guarded {
    /// The guards that the configuration asks for, around `backend`. `runtime` must have its timer enabled.
    pub fn new(backend: Arc<dyn Backend>, config: &Config, runtime: &Handle) -> Arc<Self> {
        let limits = &config.rate_limit;
        let line = |kind: &Kind| {
            let (per_minute, burst) = limits.of(*kind).filter(|_| is_limited(*kind))?;
            Some(Arc::new(Line::new(Limit::new(limits.algorithm, per_minute, burst))))
        };
        let mut lines: Vec<_> = Kind::ALL.iter().map(line).collect();
        if lines.iter().all(Option::is_none) {
            lines.clear();
        }
        let breaker = config.breaker.is_on(config.backend).then(|| {
            let (runtime, backend) = (runtime.clone(), backend.name());
            Breaker::new(&config.breaker, move |state, failures| log(&runtime, backend, state, failures))
        });
        Arc::new(Self {
            backend,
            runtime: runtime.clone(),
            lines,
            on_limit: limits.on_limit,
            breaker,
            retry: config.retry.clone(),
            bell: Notify::new(),
            closed: AtomicBool::new(false),
            counters: Counters::default(),
        })
    }

    /// The backend's name.
    pub fn name(&self) -> &'static str {
        self.backend.name()
    }

    /// The breaker's state; `None` without a breaker.
    pub fn breaker(&self) -> Option<BreakerStatus> {
        self.breaker.as_ref().map(Breaker::status)
    }

    /// Closes the breaker by hand; false without a breaker.
    pub fn reset_breaker(&self) -> bool {
        self.breaker.as_ref().map(Breaker::reset).is_some()
    }

    /// Adds the guards and the backend to the metrics' report.
    pub fn report(&self, report: &mut Report) {
        if let Some(status) = self.breaker() {
            report.breakers.push(report::Breaker {
                name: self.name(),
                state: status.state,
                opened: status.opened,
                rejected: self.counters.get(Counter::Rejected),
                failures: status.all_failures,
            });
        }
        if !self.lines.is_empty() {
            report.rate_limit = Some(self.counters.rate_limit());
        }
        let retries = self.counters.retries();
        if retries != report::Retries::default() || self.retry.max_retries > 0 {
            report.retries = Some(retries);
        }
        self.backend.report(report);
    }

    /// Answers on the calling thread when that is bounded and needs no waiting; `None` = accept it.
    pub fn immediate(self: &Arc<Self>, request: &mut Prepared) -> Option<Result<String>> {
        let operation = &request.operation;
        let retries = self.policy(operation, request.options.as_deref()).is_some();
        if self.is_passive() && !retries {
            return self.answer(operation);
        }
        let kind = operation.kind();
        let mut paid = false;
        if let Some(line) = self.line(kind) {
            match line.pass() {
                Ok(()) => paid = true,
                Err(wait) if self.on_limit == OnLimit::Refuse => {
                    return Some(Err(self.limited(kind, line, wait)));
                }
                Err(_) => return None,
            }
        }
        let permit = match self.admit(kind) {
            Ok(permit) => permit,
            Err(error) => return Some(Err(error)),
        };
        let began = Instant::now();
        let failed = match self.answer(operation) {
            None => {
                self.settle(permit, Verdict::Neutral);
                None
            }
            Some(outcome) => {
                self.settle(permit, verdict(&outcome, None, began));
                match outcome {
                    Err(error) if retries && retry::is_transient(&error) => Some(error),
                    outcome => return Some(outcome),
                }
            }
        };
        if paid || failed.is_some() {
            let watch = Watch { paid, failed, ..Watch::new(self.clone()) };
            request.watch = Some(Box::new(watch));
        }
        None
    }

    fn answer(&self, operation: &Operation) -> Option<Result<String>> {
        catch_unwind(AssertUnwindSafe(|| self.backend.immediate(operation))).unwrap_or_else(|_| {
            Some(Err(Error::new(Code::Panic, "the operation panicked; it was not applied")))
        })
    }

    /// Runs accepted requests that were waiting together; empties `tasks`.
    pub fn start_all(self: &Arc<Self>, tasks: &mut Vec<Task>) {
        if !self.is_passive() || tasks.iter().any(|task| self.retries(task)) {
            // Collected in place.
            *tasks = std::mem::take(tasks).into_iter().filter_map(|task| self.enter(task)).collect();
        }
        if !tasks.is_empty() {
            self.backend.start_all(tasks);
        }
    }

    /// Takes a request through the guards; `None` when it was refused or waits.
    fn enter(self: &Arc<Self>, mut task: Task) -> Option<Task> {
        let kind = task.operation().kind();
        if let Some(line) = self.line(kind)
            && !task.watch().is_some_and(|watch| watch.paid)
            && let Err(wait) = line.pass()
        {
            match self.on_limit {
                OnLimit::Refuse => {
                    let error = self.limited(kind, line, wait);
                    task.deliver(Err(error));
                }
                OnLimit::Wait => {
                    self.counters.add(Counter::Waited, 1);
                    line.stand(task, self);
                }
            }
            return None;
        }
        if let Some(error) = task.watch_mut().and_then(|watch| watch.failed.take()) {
            self.failed(task, error);
            return None;
        }
        self.ready(task)
    }

    /// Runs a task whose turn under the rate limit has come.
    fn after_limit(self: &Arc<Self>, task: Task, waited: Duration) {
        self.counters.add(Counter::WaitedMicros, u64::try_from(waited.as_micros()).unwrap_or(0));
        if let Some(task) = self.ready(task) {
            self.start(task);
        }
    }

    /// Takes a task through the breaker and makes its outcome come back here.
    fn ready(self: &Arc<Self>, mut task: Task) -> Option<Task> {
        let permit = match self.admit(task.operation().kind()) {
            Ok(permit) => permit,
            Err(error) => {
                task.deliver(Err(error));
                return None;
            }
        };
        let retries = self.retries(&task);
        // Health passes the breaker by and reports it.
        let asks = self.breaker.is_some() && task.operation().kind() == Kind::Health;
        if permit.is_none() && !retries && !asks {
            return Some(task);
        }
        let watch = task.watch_or(|| Watch::new(self.clone()));
        watch.permit = permit;
        watch.keeps_stamp = retries;
        watch.began = Instant::now();
        Some(task)
    }

    fn start(&self, task: Task) {
        // A panic unwinds through its task, whose drop reports it.
        let _ = catch_unwind(AssertUnwindSafe(|| self.backend.start(task)));
    }

    /// How a request is retried; `None` = not at all.
    fn policy(&self, operation: &Operation, options: Option<&Options>) -> Option<Policy> {
        let own = options.and_then(|options| options.retry.as_ref());
        if own.and_then(|own| own.max_retries).unwrap_or(self.retry.max_retries) == 0 {
            return None;
        }
        retry::is_idempotent(operation, false).then(|| Policy::new(&self.retry, own))
    }

    fn retries(&self, task: &Task) -> bool {
        self.policy(task.operation(), task.options()).is_some()
    }

    /// Asks the breaker. The checks of its health and the tests' clock are not its business.
    fn admit(&self, kind: Kind) -> Result<Option<Permit>> {
        let Some(breaker) = &self.breaker else { return Ok(None) };
        if matches!(kind, Kind::Health | Kind::ClusterInfo | Kind::Advance) {
            return Ok(None);
        }
        breaker.admit().map(Some).map_err(|wait| {
            self.counters.add(Counter::Rejected, 1);
            let status = breaker.status();
            let message = "the circuit breaker is open: requests have failed one after another";
            let (state, failures) = (status.state.text(), status.failures);
            Error::new(Code::CircuitOpen, message)
                .with_retry_after_ms(milliseconds(wait))
                .with_details(format!("{{\"state\":\"{state}\",\"failures\":{failures}}}"))
        })
    }

    fn settle(&self, permit: Option<Permit>, verdict: Verdict) {
        if let (Some(breaker), Some(permit)) = (&self.breaker, permit) {
            breaker.report(permit, verdict);
        }
    }

    fn line(&self, kind: Kind) -> Option<&Arc<Line>> {
        self.lines.get(kind as usize - 1)?.as_ref()
    }

    fn limited(&self, kind: Kind, line: &Line, wait: Duration) -> Error {
        self.counters.add(Counter::Limited, 1);
        let (name, limit) = (kind.name(), line.limit().per_minute);
        let ms = milliseconds(wait);
        let message = format!("more than {limit} requests a minute of {name}; come again in {ms} ms");
        Error::new(Code::RateLimited, message)
            .with_retry_after_ms(ms)
            .with_details(format!("{{\"operation\":\"{name}\",\"requests_per_minute\":{limit}}}"))
    }

    fn is_passive(&self) -> bool {
        self.breaker.is_none() && self.lines.is_empty()
    }

    /// Waits look whether they are still wanted. After a cancel or close that could not end a write.
    pub fn recall(&self) {
        self.bell.notify_waiters();
    }

    /// Ends all waiting, then closes the backend. Blocks.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.bell.notify_waiters();
        self.lines.iter().flatten().for_each(|line| line.clear());
        self.backend.close();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

/// Rounded up: whoever waits that long does not come too early.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

/// The breaker changes its state on any thread, callers' threads included; the log is the runtime's.
fn log(runtime: &Handle, backend: &'static str, state: State, failures: u32) {
    runtime.spawn(async move {
        let is_open = state == State::Open;
        let state = state.text();
        match is_open {
            true => tracing::warn!(target: "lgstore", backend, state, failures, "circuit breaker opened"),
            false => tracing::info!(target: "lgstore", backend, state, "circuit breaker changed"),
        }
    });
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("backend", &self.name()).field("breaker", &self.breaker).finish()
    }
}
