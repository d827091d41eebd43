//! The owner of the threads: a Tokio runtime, callback threads, the log thread.
//!
//! Whoever needs the threads holds an `Arc<Runtime>`; tasks never do (they hold a
//! [`Handle`] and a [`CallbackPool`]), or the runtime would keep itself
//! alive. When the last reference goes, on whichever thread, everything goes to a thread of its own
//! called reaper: there the Tokio runtime is dropped (its tasks are dropped and complete
//! themselves), then the callback threads run empty and end, then the log does. So no thread ever
//! waits for itself, and a callback that is stuck holds up its own runtime only. There is no hook
//! at the end of the process: it takes the threads with it.

mod callbacks;
mod ending;
pub mod fork;
mod options;
mod shared;
pub mod threads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

pub use callbacks::{CallbackPool, Job};
pub use ending::{Ending, Stage};
pub use options::RuntimeOptions;
pub use threads::is_library_thread;

use crate::capi::signals;
use crate::error::{Code, Error, Result};
use crate::telemetry::log::Log;

/// Worker, blocking and callback threads, and the log they write to.
pub struct Runtime {
    handle: Handle,
    callbacks: CallbackPool,
    log: Log,
    ending: Ending,
    generation: u32,
    prefix: String,
    /// Taken when the last reference goes.
    parts: Option<Parts>,
}

/// What only the reaper may end.
struct Parts {
    tokio: tokio::runtime::Runtime,
    callback_threads: Vec<JoinHandle<()>>,
}

impl Runtime {
    /// Starts the threads.
    ///
    /// Errors: `InvalidArg` naming the option; `Unavailable` when threads can't be started.
    pub fn new(options: RuntimeOptions) -> Result<Arc<Runtime>> {
        fork::install();
        let generation = fork::generation();
        let options = options.resolved()?;
        let log = Log::new(options.log_lines, &options.thread_prefix);
        // The workers are started by `build` and inherit this; blocking threads that a host thread
        // causes later block the signals as their first act instead.
        let _blocked = signals::Blocked::new();
        let callbacks = CallbackPool::new(options.callbacks_inline);
        let mut callback_threads = Vec::with_capacity(options.callback_threads);
        let started = start_callback_threads(&options, &log, &callbacks, &mut callback_threads)
            .and_then(|()| start_tokio(&options, &log));
        let tokio = match started {
            Ok(tokio) => tokio,
            Err(error) => {
                callbacks.close();
                callback_threads.into_iter().for_each(|thread| drop(thread.join()));
                return Err(error);
            }
        };
        let handle = tokio.handle().clone();
        Ok(Arc::new(Runtime {
            handle,
            callbacks,
            log,
            ending: Ending::default(),
            generation,
            prefix: options.thread_prefix,
            parts: Some(Parts { tokio, callback_threads }),
        }))
    }

    /// The process's shared runtime, for callers that bring none: made when first asked for, ended
    /// when its last holder lets go, made anew when asked for again (and in a forked child).
    ///
    /// Errors: as [`Runtime::new`].
    pub fn shared() -> Result<Arc<Runtime>> {
        shared::get()
    }

    /// The shared runtime, if somebody holds it already.
    pub fn shared_in_use() -> Option<Arc<Runtime>> {
        shared::current()
    }

    /// For tasks and timers. A handle keeps nothing alive.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Where callbacks are handed over. Clones keep nothing alive.
    pub fn callbacks(&self) -> &CallbackPool {
        &self.callbacks
    }

    /// What the library's threads log to. Clones keep nothing alive but the log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether the calling thread belongs to the library; see [`is_library_thread`].
    pub fn is_library_thread(&self) -> bool {
        is_library_thread()
    }

    /// Starts a thread of the library named prefix, `role`, number: for engines.
    ///
    /// Errors: `Unavailable`. The caller joins it before it lets the runtime go.
    pub fn spawn_thread(
        &self,
        role: &str,
        number: usize,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        threads::spawn(format!("{}-{role}-{number}", self.prefix), &self.log, body)
            .map_err(|error| thread_error(&error))
    }

    /// `Forked` in a child of the process that made this runtime.
    pub fn check_fork(&self) -> Result<()> {
        if fork::generation() == self.generation { Ok(()) } else { Err(fork::error()) }
    }

    /// Lets this reference go and waits until the runtime has ended: every other reference gone,
    /// every callback returned, every thread joined. `None` waits for ever.
    ///
    /// Errors: as [`Ending::wait`]; the reference is gone either way, and
    /// [`Runtime::ending`], asked for before, can wait again.
    pub fn join(self: Arc<Self>, timeout: Option<Duration>) -> Result<()> {
        self.check_fork()?;
        let ending = self.ending();
        drop(self);
        ending.wait(timeout)
    }

    /// Waits for this runtime's end without keeping it alive.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        if fork::generation() != self.generation {
            // The threads belong to the parent: ending them here would wait for what never comes,
            // and even letting go of their handles would touch stacks that are gone.
            std::mem::forget((parts, self.log.clone(), self.ending.clone()));
            return;
        }
        // The reaper takes the parts out of the cell, so that they are still here if it can't start.
        let parts = Arc::new(crate::lock::Mutex::new(Some(parts)));
        let (theirs, ending) = (parts.clone(), self.ending.clone());
        let (callbacks, log) = (self.callbacks.clone(), self.log.clone());
        self.ending.reach(Stage::Tasks);
        let started = self.ending.reap_by(|| {
            threads::spawn(format!("{}-reap", self.prefix), &self.log, move || {
                let parts = theirs.lock().take();
                if let Some(parts) = parts {
                    reap(parts, &callbacks, &log, &ending);
                }
            })
        });
        if started.is_err() {
            // No thread to be had. This never blocks, so it may run anywhere; callbacks that wait
            // are still delivered, only `join` can't join the threads.
            if let Some(parts) = parts.lock().take() {
                parts.tokio.shutdown_background();
                self.callbacks.close();
                self.ending.reach(Stage::Ended);
            }
        }
    }
}

/// Ends a runtime, on the reaper's thread.
fn reap(parts: Parts, callbacks: &CallbackPool, log: &Log, ending: &Ending) {
    // Drops the tasks, which complete themselves, and waits for the workers and blocking threads.
    drop(parts.tokio);
    ending.reach(Stage::Callbacks);
    // Nothing posts any more, so the threads end with the last callback.
    callbacks.close();
    for thread in parts.callback_threads {
        let _ = thread.join();
    }
    ending.reach(Stage::Log);
    log.end();
    ending.reach(Stage::Ended);
}

fn start_callback_threads(
    options: &RuntimeOptions,
    log: &Log,
    callbacks: &CallbackPool,
    started: &mut Vec<JoinHandle<()>>,
) -> Result<()> {
    let alone = options.callback_threads == 1;
    for number in 1..=options.callback_threads {
        let callbacks = callbacks.clone();
        let name = format!("{}-cb-{number}", options.thread_prefix);
        started.push(
            threads::spawn(name, log, move || callbacks.serve(alone))
                .map_err(|error| thread_error(&error))?,
        );
    }
    Ok(())
}

fn start_tokio(options: &RuntimeOptions, log: &Log) -> Result<tokio::runtime::Runtime> {
    let (prefix, workers) = (options.thread_prefix.clone(), options.worker_threads);
    let names = AtomicUsize::new(0);
    let log = log.clone();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .max_blocking_threads(options.max_blocking_threads)
        .enable_all()
        // Tokio starts all workers first, and each is busy at once, so the first names are theirs.
        .thread_name_fn(move || match names.fetch_add(1, Ordering::Relaxed) {
            worker if worker < workers => format!("{prefix}-io-{}", worker + 1),
            other => format!("{prefix}-blk-{}", other - workers + 1),
        })
        .on_thread_start(move || threads::enter(&log))
        .on_thread_stop(threads::leave);
    // Tokio panics when the system refuses it a worker thread.
    match catch_unwind(AssertUnwindSafe(|| builder.build())) {
        Ok(Ok(tokio)) => Ok(tokio),
        Ok(Err(error)) => Err(thread_error(&error)),
        Err(_) => Err(Error::new(Code::Unavailable, "can't start worker threads")),
    }
}

fn thread_error(error: &std::io::Error) -> Error {
    Error::new(Code::Unavailable, format!("can't start a thread: {error}"))
}

#[cfg(test)]
mod tests;
