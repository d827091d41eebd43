//! Options of a runtime.

use std::thread::available_parallelism;

use crate::error::{Error, Result};

/// Options of a runtime; zero and empty mean the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Threads that run requests and timers; 0 = as many as processors, at most 4. At most 256.
    pub worker_threads: usize,
    /// Threads that call back; 0 = 1, which runs callbacks in the order of completion. At most 64.
    pub callback_threads: usize,
    /// Callbacks run on the worker that finished the operation: only for callbacks that hand over
    /// and return. One callback thread remains for completions that a host thread causes.
    pub callbacks_inline: bool,
    /// Threads for work that blocks; 0 = 64. At most 1,024. They end after 10 idle seconds.
    pub max_blocking_threads: usize,
    /// What thread names begin with; empty = `lgstore`. At most 64 bytes without NUL (Linux shows
    /// 15 bytes of the whole name).
    pub thread_prefix: String,
    /// Log lines that wait for the log callback; beyond, the oldest are dropped. 0 = 1,024.
    pub log_lines: usize,
}

impl RuntimeOptions {
    /// The same with every default filled in.
    ///
    /// Errors: `InvalidArg` naming the option.
    pub fn resolved(mut self) -> Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        resolve("worker_threads", &mut self.worker_threads, processors.min(4), 256)?;
        if self.callbacks_inline && self.callback_threads > 1 {
            return Err(Error::invalid(
                "callback_threads",
                "callbacks run either inline or on callback threads; leave this 0",
            ));
        }
        resolve("callback_threads", &mut self.callback_threads, 1, 64)?;
        resolve("max_blocking_threads", &mut self.max_blocking_threads, 64, 1_024)?;
        resolve("log_lines", &mut self.log_lines, 1_024, 1_000_000)?;
        if self.thread_prefix.is_empty() {
            self.thread_prefix.push_str("lgstore");
        }
        if self.thread_prefix.len() > 64 || self.thread_prefix.contains('\0') {
            return Err(Error::invalid("thread_prefix", "must be at most 64 bytes without NUL"));
        }
        Ok(self)
    }
}

fn resolve(field: &str, value: &mut usize, default: usize, greatest: usize) -> Result<()> {
    if *value == 0 {
        *value = default;
    }
    if *value > greatest {
        return Err(Error::invalid(field, format!("{value} is more than the limit of {greatest}")));
    }
    Ok(())
}
