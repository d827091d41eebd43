//! lgstore_t: a store.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use super::pointer::{self, Handle, Opaque, required, write};
use super::result::{self, lgstore_result_t};
use super::runtime::{self, lgstore_runtime_t};
use super::status::*;
use super::structs::{lgstore_callback_t, lgstore_op_t};
use super::submit::call_back;
use super::{boundary, error::lgstore_error_t, slice};
use crate::error::Result;
use crate::op::client::Client;
use crate::op::completion::Answer;
use crate::store::config::Config;

/// A store. Thread-safe. Made by lgstore_new, ended by lgstore_close and lgstore_free.
pub struct lgstore_t(Handle<Client>);

impl Opaque for lgstore_t {
    type Object = Client;
    const MAGIC: u64 = 0x6c67_7374_6f72_6501;
    const NAME: &'static str = "store";
    fn handle(&self) -> &Handle<Client> {
        &self.0
    }
    fn wrap(handle: Handle<Client>) -> Self {
        Self(handle)
    }
}

/// [nb] Makes a store from a configuration: a JSON document, a URL (`memory:`, `file:…`), or NULL with
/// length 0 = from the environment (LGSTORE_…). Validates and does no I/O: the file is opened by the
/// first operation, which carries the errors of opening (or by LGSTORE_OP_OPEN).
/// `runtime` NULL = the shared default runtime. On success `*out` is an owned store; on failure it is
/// NULL, the status says why and `*err` (if `err` is not NULL) says more.
///
/// # Safety
/// `runtime` is NULL or live; `config` points at `config_len` bytes; `out` and `err` are writable or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_new(
    runtime: *mut lgstore_runtime_t,
    config: *const c_char,
    config_len: usize,
    out: *mut *mut lgstore_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    boundary::status(err, || {
        let out = required(out, "out")?;
        // SAFETY: writable by contract.
        unsafe { write(out, std::ptr::null_mut()) };
        // SAFETY: NULL or live by contract.
        let runtime = unsafe { runtime::resolve(runtime) }?;
        // SAFETY: readable by contract.
        let text = unsafe { slice::text(config, config_len, "config") }?;
        let config = Config::parse(text)?;
        let client = Client::new(runtime, config)?;
        // SAFETY: writable by contract.
        unsafe { write(out, pointer::into_raw::<lgstore_t>(client)) };
        Ok(LGSTORE_OK)
    })
}

/// [nb] Asks an accepted request to end early; its one completion still comes: LGSTORE_E_CANCELLED, or
/// its own outcome when that was decided first or a write had begun. An id that is unknown or finished
/// is no error.
///
/// # Safety
/// `store` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cancel(store: *mut lgstore_t, op: lgstore_op_t) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        // SAFETY: live by contract.
        unsafe { pointer::object(store) }?.cancel(op);
        Ok(LGSTORE_OK)
    })
}

/// [block] Closes a store: accepts nothing more, waits up to `drain_timeout_us` for what was accepted,
/// completes the rest with LGSTORE_E_CLOSED, waits until every callback has returned (or every
/// completion lies in its queue), writes back and closes files. After LGSTORE_OK no callback of this
/// store runs or will run. LGSTORE_E_TIMEOUT: a callback is still running; close again to wait on.
/// Closing a closed store is LGSTORE_OK. The handle still has to be freed.
///
/// # Safety
/// `store` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_close(store: *mut lgstore_t, drain_timeout_us: u64) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        boundary::may_block("lgstore_close")?;
        // SAFETY: live by contract.
        unsafe { pointer::object(store) }?.close_for_good(Duration::from_micros(drain_timeout_us))?;
        Ok(LGSTORE_OK)
    })
}

/// [nb] lgstore_close in the background: nothing more is accepted once this has returned; `callback` (may
/// be NULL) receives one completion with op and tag 0 and close's status. Legal in callbacks.
///
/// # Safety
/// `store` is live; `callback` may be called with `user_data` once, on a thread of the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_close_async(
    store: *mut lgstore_t,
    drain_timeout_us: u64,
    callback: lgstore_callback_t,
    user_data: *mut c_void,
) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        // SAFETY: live by contract.
        let client = unsafe { pointer::object(store) }?.clone();
        let done = callback.map(|callback| call_back(callback, user_data, &client));
        close_in_background(client, Duration::from_micros(drain_timeout_us), move |outcome| {
            if let Some(done) = done {
                done(Arc::new(Answer::new(outcome)));
            }
        });
        Ok(LGSTORE_OK)
    })
}

fn close_in_background(
    client: Arc<Client>,
    drain: Duration,
    done: impl FnOnce(Result<String>) + Send + 'static,
) {
    client.stop_accepting();
    let runtime = Arc::clone(client.runtime());
    runtime.handle().spawn_blocking(move || {
        let outcome = client.close(drain);
        drop(client);
        done(outcome.map(|()| "null".to_owned()));
    });
}

/// [nb] Frees a store handle. NULL is accepted. Without a close before it, it closes in the background
/// like lgstore_close_async with no time to drain: completions still come, each once. Legal in callbacks.
///
/// # Safety
/// `store` is NULL or live; nobody uses it during or after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_free(store: *mut lgstore_t) {
    boundary::value((), || {
        // SAFETY: given up by the caller.
        let Some(client) = (unsafe { pointer::take(store) }) else { return };
        if !client.is_closed() {
            // A callback that is stuck keeps the store closing; the runtime's join reports it.
            close_in_background(client, Duration::ZERO, |_| ());
        }
    });
}

/// [nb] A snapshot of counts, errors and latencies (microseconds) per operation, batches, caches and the
/// like as a JSON document in `*out`, an owned result. `reset` non-zero starts the counts anew afterwards.
///
/// # Safety
/// `store` is live; `out` is writable; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_metrics(
    store: *mut lgstore_t,
    reset: u32,
    out: *mut *mut lgstore_result_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    // SAFETY: by this function's own contract.
    boundary::status(err, || unsafe { answer(store, out, |client| client.metrics_json(reset != 0)) })
}

/// [nb] The same counts as text for Prometheus (exposition format 0.0.4) in `*out`, an owned result: read
/// it with lgstore_result_json, and serve it as `text/plain; version=0.0.4`. Seconds and bytes,
/// histograms with buckets. It does not reset anything.
///
/// # Safety
/// `store` is live; `out` is writable; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_metrics_prometheus(
    store: *mut lgstore_t,
    out: *mut *mut lgstore_result_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    // SAFETY: by this function's own contract.
    boundary::status(err, || unsafe { answer(store, out, |client| client.metrics_prometheus()) })
}

/// [nb] Closes the store's circuit breaker, whatever its state: requests go to the cluster again, and its
/// failures in a row start at 0. LGSTORE_OK also where the store has no breaker. Its state is in
/// lgstore_metrics and in the answer of LGSTORE_OP_HEALTH.
///
/// # Safety
/// `store` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_breaker_reset(store: *mut lgstore_t) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        // SAFETY: live by contract.
        unsafe { pointer::object(store) }?.store().guards().reset_breaker();
        Ok(LGSTORE_OK)
    })
}

/// Puts a text about `store` into `*out`.
///
/// # Safety
/// `store` is live; `out` is writable.
unsafe fn answer(
    store: *mut lgstore_t,
    out: *mut *mut lgstore_result_t,
    text: impl FnOnce(&Client) -> String,
) -> Result<lgstore_status_t> {
    let out = required(out, "out")?;
    // SAFETY: writable by contract.
    unsafe { write(out, std::ptr::null_mut()) };
    // SAFETY: live by contract.
    let client = unsafe { pointer::object(store) }?;
    let answer = Answer::new(Ok(text(client)));
    // SAFETY: writable by contract.
    unsafe { write(out, result::into_raw(Arc::new(answer))) };
    Ok(LGSTORE_OK)
}
