//! What an operation means: names, limits, defaults, TTL, filters, orders and cursors.

pub mod address;
pub mod answers;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod filter;
pub mod item;
pub mod listing;
pub mod operation;
pub mod order;
pub mod page;
pub mod request;
pub mod version;

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::backend;
use crate::error::{Code, Error, Result};
use crate::guard::Guarded;
use crate::op::task::Task;
use crate::telemetry::log::Log;
use crate::telemetry::report::Report;
use clock::Clock;
use config::Config;
use operation::Kind;
use request::Prepared;

/// One store: its configuration, its clock, its backend behind the guards.
pub struct Store {
    config: Arc<Config>,
    backend: Arc<Guarded>,
}

impl Store {
    /// Builds the backend that the configuration names. No I/O happens before the first operation.
    pub fn new(config: Config, runtime: &Handle) -> Result<Self> {
        let config = Arc::new(config);
        let backend = backend::build(&config, &Arc::new(Clock::default()), runtime)?;
        let backend = Guarded::new(backend, &config, runtime);
        Ok(Self { config, backend })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The backend's name.
    pub fn backend_name(&self) -> &'static str {
        self.backend.name()
    }

    /// The guards around the backend: the breaker's state and what they have done.
    pub fn guards(&self) -> &Guarded {
        &self.backend
    }

    /// Validates a request and fills in defaults. Warnings go to `log`: this runs on the caller's thread,
    /// which has no subscriber of its own.
    pub fn prepare(&self, kind: u32, body: &[u8], log: &Log) -> Result<Prepared> {
        let Some(kind) = Kind::from_number(kind) else {
            return Err(Error::new(Code::Unsupported, format!("there is no operation {kind}")).at("op"));
        };
        request::parse(kind, body, &self.config, &mut |warning| {
            log.with(tracing::Level::WARN, || {
                tracing::warn!(target: "lgstore", operation = kind.name(), "{warning}");
            });
        })
    }

    /// Answers on the calling thread when that is bounded and needs no waiting; `None` = accept it.
    /// The guards answer here too: a request above its rate limit, an open circuit breaker.
    pub fn immediate(&self, request: &mut Prepared) -> Option<Result<String>> {
        if !self.config.immediate {
            return None;
        }
        self.backend.immediate(request)
    }

    /// Runs accepted requests that were waiting together; empties `tasks`.
    pub fn start_all(&self, tasks: &mut Vec<Task>) {
        self.backend.start_all(tasks);
    }

    /// What the store's parts say of themselves.
    pub fn report(&self) -> Report {
        let mut report = Report::default();
        self.backend.report(&mut report);
        report
    }

    /// Requests that wait to be tried again look whether they are still wanted.
    pub fn recall(&self) {
        self.backend.recall();
    }

    /// Ends background work, writes back, closes files. Blocks.
    pub fn close(&self) {
        self.backend.close();
    }
}
