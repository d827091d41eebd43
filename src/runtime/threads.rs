//! The library's threads: how they start, and how to know that one is running.

use std::cell::{Cell, RefCell};
use std::io;
use std::thread::{Builder, JoinHandle};

use tracing::dispatcher::DefaultGuard;

use crate::capi::signals;
use crate::telemetry::log::Log;

thread_local! {
    static LIBRARY: Cell<bool> = const { Cell::new(false) };
    static LOGS_TO: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Whether the calling thread belongs to the library (of any runtime): workers, blocking threads,
/// callback, log and reaper threads, and an engine's own. A call that waits for the library must
/// not be made there; it is refused as `WouldDeadlock`.
#[inline]
pub fn is_library_thread() -> bool {
    LIBRARY.get()
}

/// Makes the calling thread one of the library's: marks it, blocks the asynchronous signals, and
/// sends what it logs to `log`.
pub fn enter(log: &Log) {
    LIBRARY.set(true);
    signals::block_on_this_thread();
    let guard = tracing::dispatcher::set_default(log.dispatch());
    LOGS_TO.with_borrow_mut(|slot| *slot = Some(guard));
}

/// Undoes the logging part of [`enter`] at the end of a thread.
pub fn leave() {
    let guard = LOGS_TO.with_borrow_mut(Option::take);
    drop(guard);
}

/// Starts a thread of the library under `name` (Linux shows 15 bytes of it).
///
/// The signals are blocked before the thread exists, so there is no moment at which the host's
/// handler could run on it.
pub fn spawn<T: Send + 'static>(
    name: String,
    log: &Log,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let _blocked = signals::Blocked::new();
    let log = log.clone();
    Builder::new().name(name).spawn(move || {
        enter(&log);
        drop(log);
        let value = body();
        leave();
        value
    })
}
