//! lgstore_result_t: the outcome of a request.

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary;
use super::pointer::write;
use super::status::*;
use super::structs::lgstore_completion_t;
use crate::op::completion::{Answer, Completion};

/// The outcome of a request: a status and a JSON document (the answer, or the error). Immutable,
/// usable from any thread, also after its store is closed.
pub struct lgstore_result_t(#[expect(dead_code, reason = "only its address is used")] Answer);

/// Gives a reference to an answer away to C.
pub(super) fn into_raw(answer: Arc<Answer>) -> *mut lgstore_result_t {
    Arc::into_raw(answer).cast::<lgstore_result_t>().cast_mut()
}

/// # Safety
/// `result` came from `into_raw` and this reference is given up.
pub(super) unsafe fn from_raw(result: *mut lgstore_result_t) -> Arc<Answer> {
    // SAFETY: by contract; `lgstore_result_t` is only a name for the pointer, which is cast back.
    unsafe { Arc::from_raw(result.cast_const().cast::<Answer>()) }
}

/// Fills a completion for C; its `owner` is a reference that the reader must release.
pub(super) fn export(completion: Completion) -> lgstore_completion_t {
    let (op, tag, latency_ns) = (completion.op(), completion.tag(), completion.latency_ns);
    let answer = completion.into_answer();
    export_answer(op, tag, latency_ns, answer)
}

/// The same from its parts.
pub(super) fn export_answer(op: u64, tag: u64, latency_ns: u64, answer: Arc<Answer>) -> lgstore_completion_t {
    lgstore_completion_t {
        op,
        tag,
        status: answer.status(),
        flags: 0,
        // Of the text with its NUL: C reads that byte, too, and the pointer must reach it.
        json: answer.json_with_nul().as_ptr().cast(),
        json_len: answer.json().len(),
        latency_ns,
        reserved: 0,
        owner: into_raw(answer),
    }
}

/// [nb] Makes the result of a completion yours: callable in the callback, or between
/// lgstore_cq_drain and lgstore_cq_release. Takes O(1), copies nothing; free it with
/// lgstore_result_free. The completion's `json` stays valid as long as the result lives.
/// NULL when the completion is NULL or has no result.
///
/// # Safety
/// `completion` is NULL or one that the library filled and that is not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_result_take(
    completion: *const lgstore_completion_t,
) -> *mut lgstore_result_t {
    // SAFETY: NULL or readable by contract.
    let owner = unsafe { completion.as_ref() }.map_or(std::ptr::null_mut(), |completion| completion.owner);
    if !owner.is_null() {
        // SAFETY: the completion still holds its own reference.
        unsafe { Arc::increment_strong_count(owner.cast_const().cast::<Answer>()) };
    }
    owner
}

/// [nb] The JSON document: UTF-8, NUL-terminated, valid until the result is freed.
/// `len` (may be NULL) receives the length without the NUL. NULL for NULL.
///
/// # Safety
/// `result` is NULL or live; `len` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_result_json(
    result: *const lgstore_result_t,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: NULL or live by contract.
    let Some(answer) = (unsafe { result.cast::<Answer>().as_ref() }) else {
        // SAFETY: NULL or writable by contract.
        unsafe { write(len, 0) };
        return std::ptr::null();
    };
    // SAFETY: NULL or writable by contract.
    unsafe { write(len, answer.json().len()) };
    answer.json_with_nul().as_ptr().cast()
}

/// [nb] The status: LGSTORE_OK or LGSTORE_E_…; LGSTORE_E_INVALID_ARG for NULL.
///
/// # Safety
/// `result` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_result_status(result: *const lgstore_result_t) -> lgstore_status_t {
    // SAFETY: NULL or live by contract.
    unsafe { result.cast::<Answer>().as_ref() }.map_or(LGSTORE_E_INVALID_ARG, Answer::status)
}

/// [nb] Frees a result. NULL is accepted.
///
/// # Safety
/// `result` is NULL or live, and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_result_free(result: *mut lgstore_result_t) {
    boundary::value((), || {
        if !result.is_null() {
            // SAFETY: given up by the caller.
            drop(unsafe { from_raw(result) });
        }
    });
}
