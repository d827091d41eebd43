//! A store in memory that fails on demand: for the tests of programs and bindings.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use super::Backend;
use super::embedded::memory::Memory;
use super::embedded::{Embedded, guarded};
use crate::error::{Code, Error, Result};
use crate::op::task::Task;
use crate::store::clock::Clock;
use crate::store::config::{Config, FaultConfig};
use crate::store::operation::Operation;
use crate::telemetry::report::Report;

/// `Embedded<Memory>` with the faults of `config.fault`.
///
/// Every request that is accepted or answered at once counts; every n-th panics or fails instead
/// of running, and so changes nothing.
pub struct Fault {
    store: Arc<Embedded<Memory>>,
    fault: FaultConfig,
    runtime: Handle,
    count: AtomicU64,
}

impl Fault {
    /// A new, empty store. `runtime` must have its timer enabled.
    pub fn new(config: Arc<Config>, clock: Arc<Clock>, runtime: Handle) -> Self {
        let fault = config.fault.clone();
        let store = Arc::new(Embedded::new(Memory::new(), config, clock, runtime.clone()));
        Self { store, fault, runtime, count: AtomicU64::new(0) }
    }

    /// The fault of the next request, if it has one.
    fn next(&self) -> Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let is_hit = |every: u64| every > 0 && number.is_multiple_of(every);
        if is_hit(self.fault.panic_every) {
            // A real unwinding, as from a bug, but past the panic hook: a library prints nothing.
            return guarded(|| resume_unwind(Box::new("panic_every of the fault backend")));
        }
        if is_hit(self.fault.fail_every) || number <= self.fault.fail_first {
            return Err(Error::new(Code::Unavailable, "a failure of the fault backend"));
        }
        Ok(())
    }
}

impl Backend for Fault {
    fn name(&self) -> &'static str {
        "fault"
    }

    fn immediate(&self, operation: &Operation) -> Option<Result<String>> {
        // A write that is to fail must not have been done.
        if self.fault.delay_us > 0 || operation.writes() {
            return None;
        }
        let answer = self.store.immediate(operation)?;
        Some(self.next().and(answer).map(|answer| pad(operation, answer, self.fault.size_bytes)))
    }

    fn start(&self, task: Task) {
        let fault = self.next();
        let size = self.fault.size_bytes;
        self.after_delay(move |store| match fault {
            Err(error) => task.complete(Err(error)),
            Ok(()) if size > 0 && matches!(task.operation(), Operation::Get(_)) => {
                let answer = get_now(store, task.operation());
                let answer = answer.map(|answer| pad(task.operation(), answer, size));
                task.complete(answer);
            }
            Ok(()) => store.start(task),
        });
    }

    fn report(&self, report: &mut Report) {
        self.store.report(report);
    }

    fn close(&self) {
        self.store.close();
    }
}

impl Fault {
    /// Runs `then` after the configured delay. Meanwhile the request is nowhere but in this timer:
    /// a cancel or the deadline gives it its outcome, and `then` finds it claimed.
    fn after_delay(&self, then: impl FnOnce(&Embedded<Memory>) + Send + 'static) {
        if self.fault.delay_us == 0 {
            return then(&self.store);
        }
        let (store, delay) = (self.store.clone(), Duration::from_micros(self.fault.delay_us));
        self.runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            then(&store);
        });
    }
}

/// Answers a get of the store in memory, which never has to wait.
fn get_now(store: &Embedded<Memory>, get: &Operation) -> Result<String> {
    if let Some(answer) = store.immediate(get) {
        return answer;
    }
    store.open_here();
    store.immediate(get).unwrap_or_else(|| Err(Error::new(Code::Unavailable, "the store is not open")))
}

/// Fills the document of a get up to `size` bytes; `null` stays.
fn pad(operation: &Operation, mut answer: String, size: usize) -> String {
    const FRAME: &str = ",\"padding\":\"\"";
    if matches!(operation, Operation::Get(_)) && answer.ends_with('}') && size > 0 {
        let fill = size.saturating_sub(answer.len() + FRAME.len());
        answer.pop();
        answer.reserve(FRAME.len() + fill + 1);
        answer.push_str(&FRAME[..FRAME.len() - 1]);
        answer.extend(std::iter::repeat_n('x', fill));
        answer.push_str("\"}");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::address::Address;
    use crate::store::operation::Get;

    fn get() -> Operation {
        Operation::Get(Get { address: Address::new("a", "k"), refresh: false })
    }

    fn fault(fault: FaultConfig) -> (Fault, tokio::runtime::Runtime) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let runtime = runtime.unwrap();
        let config = Config { fault, ..Config::default() };
        let fault = Fault::new(Arc::new(config), Arc::default(), runtime.handle().clone());
        fault.store.open_here();
        (fault, runtime)
    }

    #[test]
    fn every_nth_request_fails_or_panics() {
        let (fault, _runtime) =
            fault(FaultConfig { fail_every: 2, panic_every: 3, ..FaultConfig::default() });
        let outcome = |_| fault.immediate(&get()).unwrap().map_err(|error| error.code());
        let outcomes: Vec<_> = (1..=6).map(outcome).collect();
        let null = || Ok("null".to_owned());
        let (fails, panics) = (Err(Code::Unavailable), Err(Code::Panic));
        assert_eq!(outcomes, [null(), fails.clone(), panics.clone(), fails, null(), panics]);
    }

    #[test]
    fn the_first_requests_fail() {
        let (fault, _runtime) = fault(FaultConfig { fail_first: 2, ..FaultConfig::default() });
        let is_ok = |_| fault.immediate(&get()).unwrap().is_ok();
        assert_eq!((1..=4).map(is_ok).collect::<Vec<_>>(), [false, false, true, true]);
    }

    #[test]
    fn a_delay_forbids_answers_at_once() {
        let (fault, _runtime) = fault(FaultConfig { delay_us: 1, ..FaultConfig::default() });
        assert!(fault.immediate(&get()).is_none());
    }

    #[test]
    fn documents_are_padded_to_the_size() {
        let padded = pad(&get(), "{\"key\":\"k\"}".to_owned(), 100);
        assert_eq!(padded.len(), 100);
        let parsed: serde_json::Value = serde_json::from_str(&padded).unwrap();
        assert_eq!(parsed["key"], "k");
        assert_eq!(pad(&get(), "null".to_owned(), 100), "null");
        assert_eq!(pad(&get(), "{}".to_owned(), 0), "{}");
    }
}
