//! Nothing unwinds into C: every exported function runs its body in here.
//!
//! A closure and not a macro, because cbindgen must see each function as it is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{lgstore_error_t, report};
use crate::error::{Code, Error, Result};

/// Runs the body of a function that returns a status and may describe its error.
///
/// `err` is NULL or writable; it is set to NULL first, and to an owned error on failure.
pub(super) fn status(err: *mut *mut lgstore_error_t, body: impl FnOnce() -> Result<i32>) -> i32 {
    report(err, None);
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            let status = error.code().status();
            report(err, Some(error));
            status
        }
        // Says nothing about the panic's text: reporting must not need memory first.
        Err(_) => Code::Panic.status(),
    }
}

/// Runs the body of a function that returns a value; `fallback` is what C sees after a panic.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Refuses to block on a thread of the library, where it could wait for itself.
pub(super) fn may_block(function: &'static str) -> Result<()> {
    if !crate::runtime::is_library_thread() {
        return Ok(());
    }
    let text = format!("{function} blocks and was called on a thread of the library (in a callback?)");
    Err(Error::new(Code::WouldDeadlock, text))
}
