//! lgstore_error_t: why a call failed, in an object of its own.

use std::ffi::c_char;

use super::boundary;
use super::pointer::write;
use super::status::lgstore_status_t;
use crate::error::Error;

/// Why a function failed. Owned by the caller, immutable, usable from any thread, also after fork.
/// There is no "last error" per thread: a goroutine may resume on another thread.
pub struct lgstore_error_t {
    status: i32,
    /// With a NUL behind.
    message: String,
    /// With a NUL behind.
    json: String,
}

/// Sets `*err` to NULL or to a new error object.
pub(super) fn report(err: *mut *mut lgstore_error_t, error: Option<Error>) {
    if err.is_null() {
        return;
    }
    let object = error.map_or(std::ptr::null_mut(), |error| {
        let message = format!("{}\0", error.message());
        let json = format!("{}\0", error.to_json());
        Box::into_raw(Box::new(lgstore_error_t { status: error.code().status(), message, json }))
    });
    // SAFETY: every exported function asks for `err` to be NULL or writable.
    unsafe { write(err, object) };
}

/// [nb] The error's status number; LGSTORE_OK for NULL.
///
/// # Safety
/// `error` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_error_status(error: *const lgstore_error_t) -> lgstore_status_t {
    // SAFETY: NULL or live by contract.
    unsafe { error.as_ref() }.map_or(0, |error| error.status)
}

/// [nb] What happened, for people: UTF-8, NUL-terminated, valid until the error is freed.
/// `len` (may be NULL) receives the length without the NUL. "" for NULL.
///
/// # Safety
/// `error` is NULL or live; `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_error_message(
    error: *const lgstore_error_t,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: NULL or live by contract.
    let text = unsafe { error.as_ref() }.map_or("\0", |error| &error.message);
    // SAFETY: NULL or writable by contract.
    unsafe { write(len, text.len() - 1) };
    text.as_ptr().cast()
}

/// [nb] The error document: {"code","message","field"?,"retryable","may_have_applied",
/// "retry_after_ms"?,"details"?}. UTF-8, NUL-terminated, valid until the error is freed.
/// `len` (may be NULL) receives the length without the NUL. "" for NULL.
///
/// # Safety
/// `error` is NULL or live; `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_error_json(error: *const lgstore_error_t, len: *mut usize) -> *const c_char {
    // SAFETY: NULL or live by contract.
    let text = unsafe { error.as_ref() }.map_or("\0", |error| &error.json);
    // SAFETY: NULL or writable by contract.
    unsafe { write(len, text.len() - 1) };
    text.as_ptr().cast()
}

/// [nb] Frees an error. NULL is accepted.
///
/// # Safety
/// `error` is NULL or live, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_error_free(error: *mut lgstore_error_t) {
    boundary::value((), || {
        if !error.is_null() {
            // SAFETY: made by `report` and given up by the caller.
            drop(unsafe { Box::from_raw(error) });
        }
    });
}
