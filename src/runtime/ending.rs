//! The end of a runtime, as seen from outside.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::lock::{Condvar, Mutex};

use super::threads;
use crate::error::{Code, Error, Result};

/// Waits for a runtime's end without keeping it alive.
#[derive(Clone, Default)]
pub struct Ending {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stage: Stage,
    reaper: Option<JoinHandle<()>>,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Something still holds the runtime.
    #[default]
    InUse,
    /// Tasks are being dropped, workers and blocking threads joined.
    Tasks,
    /// The last callbacks run.
    Callbacks,
    /// The last log lines are delivered.
    Log,
    /// No thread is left but the reaper, which is on its way out.
    Ended,
}

impl Ending {
    /// Waits until every thread of the runtime has ended; `None` waits for ever.
    ///
    /// Errors: `Timeout` saying what is still going on; `WouldDeadlock` on a thread of the library.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<()> {
        if threads::is_library_thread() {
            return Err(Error::new(
                Code::WouldDeadlock,
                "a runtime can't be joined from one of its own threads",
            ));
        }
        // A deadline beyond what the clock can say is no deadline.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.shared.state.lock();
        while state.stage != Stage::Ended {
            match deadline {
                None => self.shared.changed.wait(&mut state),
                Some(deadline) if self.shared.changed.wait_until(&mut state, deadline) => {
                    if state.stage == Stage::Ended {
                        break;
                    }
                    return Err(Error::new(Code::Timeout, state.stage.waits_for()));
                }
                Some(_) => {}
            }
        }
        let reaper = state.reaper.take();
        drop(state);
        if let Some(reaper) = reaper {
            // It has nothing left to do, so this ends at once; after it no thread is left.
            let _ = reaper.join();
        }
        Ok(())
    }

    /// How far the end has come.
    pub fn stage(&self) -> Stage {
        self.shared.state.lock().stage
    }

    pub(super) fn reach(&self, stage: Stage) {
        self.shared.state.lock().stage = stage;
        self.shared.changed.notify_all();
    }

    /// Starts the reaper under the lock, so that whoever sees `Ended` also finds its handle.
    pub(super) fn reap_by(
        &self,
        start: impl FnOnce() -> std::io::Result<JoinHandle<()>>,
    ) -> std::io::Result<()> {
        let mut state = self.shared.state.lock();
        state.reaper = Some(start()?);
        Ok(())
    }
}

impl Stage {
    fn waits_for(self) -> &'static str {
        match self {
            Stage::InUse => "the runtime is still in use: a store on it is not freed or not yet closed",
            Stage::Tasks => "a request of the runtime is still running",
            Stage::Callbacks => "a callback has not returned",
            Stage::Log => "the log callback has not returned",
            Stage::Ended => "the runtime has ended",
        }
    }
}
