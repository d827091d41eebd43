//! lgstore_runtime_t: the threads that stores run on.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::pointer::{self, Handle, Opaque, required, write};
use super::status::*;
use super::structs::{Growable, copy_in, lgstore_log_t};
use super::{boundary, error::lgstore_error_t};
use crate::error::{Code, Error, Result};
use crate::runtime::{Ending, Runtime, RuntimeOptions};

/// A runtime: worker threads, callback threads, a log. Thread-safe. Stores keep what they need of it
/// alive, so it may be freed before them.
pub struct lgstore_runtime_t(Handle<Owner>);

/// What a handle holds: the runtime until `join` or `free` lets go of it, and its end.
pub struct Owner {
    runtime: Mutex<Option<Arc<Runtime>>>,
    ending: Ending,
}

impl Opaque for lgstore_runtime_t {
    type Object = Owner;
    const MAGIC: u64 = 0x6c67_7374_6f72_6503;
    const NAME: &'static str = "runtime";
    fn handle(&self) -> &Handle<Owner> {
        &self.0
    }
    fn wrap(handle: Handle<Owner>) -> Self {
        Self(handle)
    }
}

/// In `flags` of the options: callbacks run on the worker that finished the request, for callbacks that
/// only hand over and return (a blocked callback would block requests).
pub const LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS: u32 = 1;

/// Options of a runtime. Zero-initialise, set `struct_size`; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lgstore_runtime_options_t {
    /// sizeof(lgstore_runtime_options_t)
    pub struct_size: usize,
    /// 0 or LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS
    pub flags: u32,
    /// Threads that run requests; default as many as processors, at most 4.
    pub worker_threads: u32,
    /// Threads that call back; default 1, which keeps callbacks in the order of completion.
    pub callback_threads: u32,
    /// Threads for long scans and for files; default 64, started when needed.
    pub max_blocking_threads: u32,
    /// Log events that may wait for the log callback; the oldest are dropped; default 1024.
    pub log_lines: u32,
    /// 0
    pub reserved: u32,
}

// SAFETY: repr(C), begins with its size, integers only.
unsafe impl Growable for lgstore_runtime_options_t {
    const NAME: &'static str = "options";
}

/// The runtime a handle stands for; NULL = the shared default.
///
/// # Safety
/// `runtime` is NULL or live.
pub(super) unsafe fn resolve(runtime: *const lgstore_runtime_t) -> Result<Arc<Runtime>> {
    if runtime.is_null() {
        return Runtime::shared();
    }
    // SAFETY: live by contract.
    let owner = unsafe { pointer::object(runtime) }?;
    let held = owner.runtime.lock().unwrap_or_else(PoisonError::into_inner);
    held.clone().ok_or_else(|| Error::new(Code::Closed, "the runtime was joined"))
}

/// [nb] Starts a runtime. `options` may be NULL. On success `*out` is an owned runtime.
/// Errors: LGSTORE_E_INVALID_ARG (an option out of range), LGSTORE_E_UNAVAILABLE (no threads to be had).
///
/// # Safety
/// `options` is NULL or readable for its struct_size; `out` is writable; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_runtime_new(
    options: *const lgstore_runtime_options_t,
    out: *mut *mut lgstore_runtime_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    boundary::status(err, || {
        let out = required(out, "out")?;
        // SAFETY: writable by contract.
        unsafe { write(out, std::ptr::null_mut()) };
        let mut chosen = RuntimeOptions::default();
        if !options.is_null() {
            // SAFETY: readable by contract.
            let raw = unsafe { copy_in(options) }?;
            if raw.flags & !LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS != 0 || raw.reserved != 0 {
                let text = "options hold a flag that this library does not know";
                return Err(Error::new(Code::Unsupported, text).at("options.flags"));
            }
            chosen.callbacks_inline = raw.flags & LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS != 0;
            chosen.worker_threads = raw.worker_threads as usize;
            chosen.callback_threads = raw.callback_threads as usize;
            chosen.max_blocking_threads = raw.max_blocking_threads as usize;
            chosen.log_lines = raw.log_lines as usize;
        }
        let runtime = Runtime::new(chosen).map_err(|error| error.inside("options"))?;
        let ending = runtime.ending();
        let owner = Arc::new(Owner { runtime: Mutex::new(Some(runtime)), ending });
        // SAFETY: writable by contract.
        unsafe { write(out, pointer::into_raw::<lgstore_runtime_t>(owner)) };
        Ok(LGSTORE_OK)
    })
}

/// [block] Sets the function that receives the runtime's log events of `level` (1 error, 2 warn, 3 info,
/// 4 debug, 5 trace) and below; NULL = silent, as at the start. Events go through a bounded ring; what
/// is lost is counted and reported. Waits for a running call of the old function, which is never called
/// again once this has returned. LGSTORE_E_WOULD_DEADLOCK on a thread of the library.
/// `runtime` NULL = the shared default runtime, which lives as long as a store uses it: set its log after
/// lgstore_new. LGSTORE_E_CLOSED while no store does.
///
/// # Safety
/// `runtime` is NULL or live; `log` may be called with `user_data` on a thread of the library until it
/// is replaced or the runtime has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_runtime_set_log(
    runtime: *mut lgstore_runtime_t,
    level: i32,
    log: lgstore_log_t,
    user_data: *mut c_void,
) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        boundary::may_block("lgstore_runtime_set_log")?;
        let runtime = match runtime.is_null() {
            // Not `resolve`: a runtime made here would end here, and its log with it.
            true => Runtime::shared_in_use()
                .ok_or_else(|| Error::new(Code::Closed, "no store uses the shared runtime yet"))?,
            // SAFETY: live by contract.
            false => unsafe { resolve(runtime) }?,
        };
        let target = log.map(|log| LogTarget { log, user_data });
        let sink = target.map(|target| {
            Box::new(move |level: i32, json: &str| target.call(level, json)) as crate::telemetry::log::Sink
        });
        runtime.log().set_sink(sink, level)?;
        Ok(LGSTORE_OK)
    })
}

struct LogTarget {
    log: unsafe extern "C" fn(i32, *const std::ffi::c_char, usize, *mut c_void),
    user_data: *mut c_void,
}

// SAFETY: the contract of lgstore_runtime_set_log.
unsafe impl Send for LogTarget {}
// SAFETY: the log calls its sink one call at a time.
unsafe impl Sync for LogTarget {}

impl LogTarget {
    fn call(&self, level: i32, json: &str) {
        // SAFETY: the contract of lgstore_runtime_set_log; the text lives through the call.
        unsafe { (self.log)(level, json.as_ptr().cast(), json.len(), self.user_data) };
    }
}

/// [block] Lets go of the runtime and waits up to `timeout_us` (UINT64_MAX = without end) until it has
/// ended: every store on it freed, every callback returned, every thread joined. LGSTORE_E_TIMEOUT: not
/// yet; join again to wait on. The handle still has to be freed, and makes no more stores.
///
/// # Safety
/// `runtime` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_runtime_join(
    runtime: *mut lgstore_runtime_t,
    timeout_us: u64,
) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        boundary::may_block("lgstore_runtime_join")?;
        // SAFETY: live by contract.
        let owner = unsafe { pointer::object(runtime) }?;
        drop(owner.runtime.lock().unwrap_or_else(PoisonError::into_inner).take());
        owner.ending.wait((timeout_us < u64::MAX).then(|| Duration::from_micros(timeout_us)))?;
        Ok(LGSTORE_OK)
    })
}

/// [nb] Frees a runtime handle. NULL is accepted. The runtime ends by itself, in the background, when
/// the last store on it is freed. Legal in callbacks.
///
/// # Safety
/// `runtime` is NULL or live; nobody uses it during or after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_runtime_free(runtime: *mut lgstore_runtime_t) {
    boundary::value((), || {
        // SAFETY: given up by the caller.
        drop(unsafe { pointer::take(runtime) });
    });
}
