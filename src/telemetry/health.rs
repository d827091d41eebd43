//! The document of the operation `health`, the same on every backend.
//!
//! `{"status","latency_ms","checks":{name:{"status","message"}}}`. A store that is not well is an
//! answer and not an error: whoever asks for health wants to be told.

use std::fmt::Write;
use std::time::Instant;

use crate::error::Result;
use crate::json::text::push_string;
use crate::telemetry::report::{BreakerState, Report};

/// How a check went; the document has the worst of its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Healthy,
    /// It works, but not as it should: a node is down, a breaker is trying again.
    Degraded,
    /// Operations fail.
    Unhealthy,
}

impl Status {
    /// `healthy`, `degraded` or `unhealthy`.
    pub fn text(self) -> &'static str {
        match self {
            Status::Healthy => "healthy",
            Status::Degraded => "degraded",
            Status::Unhealthy => "unhealthy",
        }
    }
}

/// A health document in the making.
#[derive(Debug)]
pub struct Health {
    begun: Instant,
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    name: &'static str,
    status: Status,
    message: String,
}

impl Health {
    /// Begins; the document's latency is the time from here to [`Health::to_json`].
    pub fn begin() -> Self {
        Self { begun: Instant::now(), checks: Vec::new() }
    }

    /// Adds a check. A later one of the same name takes the place of the earlier.
    pub fn check(&mut self, name: &'static str, status: Status, message: impl Into<String>) {
        let check = Check { name, status, message: message.into() };
        match self.checks.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = check,
            None => self.checks.push(check),
        }
    }

    /// Adds a check that is healthy with the message of `Ok`, and unhealthy with an error's.
    pub fn outcome(&mut self, name: &'static str, outcome: Result<impl Into<String>>) {
        match outcome {
            Ok(message) => self.check(name, Status::Healthy, message),
            Err(error) => self.check(name, Status::Unhealthy, error.to_string()),
        }
    }

    /// Adds a check `circuit_breaker` where `report` has breakers: an open one refuses requests
    /// (unhealthy), a half-open one some of them (degraded).
    pub fn breakers(&mut self, report: &Report) {
        let Some(worst) = report.breakers.iter().max_by_key(|breaker| breaker.state.gauge()) else { return };
        let status = match worst.state {
            BreakerState::Closed => Status::Healthy,
            BreakerState::HalfOpen => Status::Degraded,
            BreakerState::Open => Status::Unhealthy,
        };
        self.check("circuit_breaker", status, format!("{} is {}", worst.name, worst.state.text()));
    }

    /// The worst status of all checks.
    pub fn status(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or(Status::Healthy)
    }

    /// The document.
    pub fn to_json(&self) -> String {
        let latency_ms = self.begun.elapsed().as_micros() as f64 / 1_000.0;
        let mut out = String::with_capacity(256);
        let _ = write!(
            out,
            "{{\"status\":\"{}\",\"latency_ms\":{latency_ms:?},\"checks\":{{",
            self.status().text()
        );
        for (index, check) in self.checks.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_string(&mut out, check.name);
            let _ = write!(out, ":{{\"status\":\"{}\",\"message\":", check.status.text());
            push_string(&mut out, &check.message);
            out.push('}');
        }
        out.push_str("}}");
        out
    }
}

/// Adds the breakers of `report` to a finished document (see [`Health::breakers`]): for whoever stands
/// between the store and the backend that has made it.
pub fn with_breakers(document: String, report: &Report) -> String {
    let mut health = Health::begin();
    health.breakers(report);
    let Some(check) = health.checks.first() else { return document };
    let Ok(mut whole) = serde_json::from_str::<serde_json::Value>(&document) else { return document };
    let known = [Status::Healthy, Status::Degraded, Status::Unhealthy];
    let status = known.into_iter().find(|status| whole["status"] == status.text());
    if status.is_none_or(|status| status < check.status) {
        whole["status"] = check.status.text().into();
    }
    let one = serde_json::json!({"status": check.status.text(), "message": check.message});
    if let Some(checks) = whole["checks"].as_object_mut() {
        checks.insert(check.name.to_owned(), one);
    }
    whole.to_string()
}

#[cfg(test)]
mod tests;
