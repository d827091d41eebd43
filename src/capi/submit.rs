//! Submitting requests: with a callback, in bursts to a queue, or waiting for the answer.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use super::cq::lgstore_cq_t;
use super::error::{lgstore_error_t, report};
use super::pointer::{self, required, write};
use super::result::{self, export, export_answer, lgstore_result_t};
use super::status::*;
use super::store::lgstore_t;
use super::structs::*;
use super::{boundary, slice};
use crate::error::{Code, Error, Result};
use crate::op::burst;
use crate::op::client::{Client, Request, Submitted};
use crate::op::completion::{Answer, Completion, Receiver, Sink};
use crate::op::queue::CompletionQueue;
use crate::runtime::CallbackPool;

/* Operations; never renumbered or reused. */
/// Create or replace an item; a null value deletes.
pub const LGSTORE_OP_PUT: u32 = 1;
/// Read an item.
pub const LGSTORE_OP_GET: u32 = 2;
/// Remove an item.
pub const LGSTORE_OP_DELETE: u32 = 3;
/// Items at and below a prefix.
pub const LGSTORE_OP_SEARCH: u32 = 4;
/// Namespaces that hold an item.
pub const LGSTORE_OP_LIST_NAMESPACES: u32 = 5;
/// Several operations at once.
pub const LGSTORE_OP_BATCH: u32 = 6;
/// Put unless the item exists.
pub const LGSTORE_OP_PUT_IF_ABSENT: u32 = 7;
/// Put only if the item exists.
pub const LGSTORE_OP_UPDATE_IF_EXISTS: u32 = 8;
/// Put only over an expected value or version.
pub const LGSTORE_OP_COMPARE_AND_SET: u32 = 9;
/// Delete and say whether there was something.
pub const LGSTORE_OP_DELETE_IF_EXISTS: u32 = 10;
/// Delete only an expected value or version.
pub const LGSTORE_OP_DELETE_IF_VALUE: u32 = 11;
/// Remove everything at and below a prefix.
pub const LGSTORE_OP_DELETE_PREFIX: u32 = 12;
/// Count items at and below a prefix.
pub const LGSTORE_OP_COUNT: u32 = 13;
/// Reclaim expired items now.
pub const LGSTORE_OP_SWEEP: u32 = 14;
/// Open the engine and report its errors.
pub const LGSTORE_OP_OPEN: u32 = 15;
/// Bring the schema to this library's version.
pub const LGSTORE_OP_MIGRATE: u32 = 16;
/// Open connections, fill caches.
pub const LGSTORE_OP_WARMUP: u32 = 17;
/// Named checks.
pub const LGSTORE_OP_HEALTH: u32 = 18;
/// What the engine says of itself.
pub const LGSTORE_OP_CLUSTER_INFO: u32 = 19;
/// Rebuild derived data.
pub const LGSTORE_OP_REINDEX: u32 = 20;
/// Copy the open store into a new file.
pub const LGSTORE_OP_BACKUP: u32 = 21;
/// Move a test clock forward.
pub const LGSTORE_OP_ADVANCE: u32 = 22;

/// A C callback with its argument.
#[derive(Clone, Copy)]
struct Target {
    callback: unsafe extern "C" fn(*const lgstore_completion_t, *mut c_void),
    user_data: *mut c_void,
}

// SAFETY: the contract of every function that takes a callback says that it may be called with its
// user data on a thread of the library; the library itself never looks at what it points to.
unsafe impl Send for Target {}
// SAFETY: as above; it is called once.
unsafe impl Sync for Target {}

impl Target {
    fn call(self, completion: lgstore_completion_t) {
        // SAFETY: the contract of the function that took the callback; the completion lives on this
        // stack frame and its result until the release below.
        unsafe { (self.callback)(&completion, self.user_data) };
        // SAFETY: `owner` is the reference that `export` gave to this completion.
        drop(unsafe { result::from_raw(completion.owner) });
    }
}

/// Posts completions to a callback.
struct Callback {
    target: Target,
    pool: CallbackPool,
}

impl Receiver for Callback {
    fn receive(&self, completion: Completion) {
        let target = self.target;
        let job = Box::new(move || {
            let (inner, held) = completion.detach();
            target.call(export_answer(held.op(), held.tag(), held.latency_ns, inner));
            // Only now: the slot and close wait for the callback's return.
            drop(held);
        });
        burst::post(&self.pool, job);
    }
}

/// For close_async: a function that posts one completion without a request behind it.
pub(super) fn call_back(
    callback: unsafe extern "C" fn(*const lgstore_completion_t, *mut c_void),
    user_data: *mut c_void,
    client: &Client,
) -> impl FnOnce(Arc<Answer>) + Send + 'static {
    let target = Target { callback, user_data };
    let (pool, announcement) = (client.runtime().callbacks().clone(), client.announce());
    move |answer| {
        // The whole target, not its pointer alone, moves along.
        let target = target;
        pool.post(Box::new(move || {
            target.call(export_answer(0, 0, 0, answer));
            drop(announcement);
        }));
    }
}

fn request<'a>(raw: &lgstore_request_t, body: &'a [u8]) -> Result<Request<'a>> {
    let (known, flags) = (LGSTORE_ALLOW_IMMEDIATE, raw.flags);
    checked_request(raw.op, known, flags, body, raw.timeout_us, raw.tag)
}

fn checked_request(
    op: u32,
    known: u32,
    flags: u32,
    body: &[u8],
    timeout_us: u64,
    tag: u64,
) -> Result<Request<'_>> {
    if flags & !known != 0 {
        let text = format!("flags {flags:#x} hold a bit that this library does not know");
        return Err(Error::new(Code::Unsupported, text).at("request.flags"));
    }
    let timeout = (timeout_us > 0).then(|| Duration::from_micros(timeout_us));
    Ok(Request { op, body, allow_immediate: flags & LGSTORE_ALLOW_IMMEDIATE != 0, timeout, tag })
}

/// [nb] Submits one request. Exactly one of three things happens:
/// - an error status: nothing else happens, `*err` (if `err` is not NULL) says why;
/// - LGSTORE_DONE, only with LGSTORE_ALLOW_IMMEDIATE in the flags and `out_done` not NULL: `*out_done`
///   is the outcome, an owned result whose own status may be an error; no completion comes;
/// - LGSTORE_OK: `*out_op` (if not NULL) is the request's id, and exactly one completion is delivered to
///   `callback`, never inside this call, on a thread of the runtime.
///
/// # Safety
/// `store` is live; `request` is readable for its struct_size; the out-parameters are NULL or writable;
/// `callback` may be called with `user_data` once, on a thread of the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_submit(
    store: *mut lgstore_t,
    request: *const lgstore_request_t,
    out_op: *mut lgstore_op_t,
    out_done: *mut *mut lgstore_result_t,
    err: *mut *mut lgstore_error_t,
    callback: lgstore_callback_t,
    user_data: *mut c_void,
) -> lgstore_status_t {
    boundary::status(err, || {
        // SAFETY: NULL or writable by contract.
        unsafe {
            write(out_op, 0);
            write(out_done, std::ptr::null_mut());
        }
        // SAFETY: live and readable by contract.
        let (client, raw) = unsafe { (pointer::object(store)?, copy_in(request)?) };
        // SAFETY: readable by contract.
        let body = unsafe { slice::bytes(raw.json, raw.json_len, "request.json") }?;
        let mut request = self::request(&raw, body)?;
        request.allow_immediate &= !out_done.is_null();
        let Some(callback) = callback else {
            return Err(Error::invalid("callback", "callback is NULL"));
        };
        let target = Target { callback, user_data };
        let receiver = || Callback { target, pool: client.runtime().callbacks().clone() };
        match client.submit(&request, &|| Sink::Receiver(Arc::new(receiver())))? {
            Submitted::Accepted(op) => {
                // SAFETY: NULL or writable by contract.
                unsafe { write(out_op, op) };
                Ok(LGSTORE_OK)
            }
            Submitted::Done(answer) => {
                // SAFETY: checked not to be NULL, writable by contract.
                unsafe { write(out_done, result::into_raw(Arc::new(answer))) };
                Ok(LGSTORE_DONE)
            }
        }
    })
}

/// [nb] Submits `n` requests whose bodies lie in one arena; their completions go to `queue`.
///
/// Submissions are taken in order up to the first that is refused (queue or store full, closed, an
/// operation or flag that is not known, a body outside the arena): `*out_accepted` says how many were
/// taken, the return value is the first refusal's status. A body that does not validate is taken and
/// completed with its error document. `out_ops` (NULL or n long) receives the ids.
/// With `out_done` (NULL or n long; needs `out_ops`) submissions that carry LGSTORE_ALLOW_IMMEDIATE may
/// be answered at once: then out_ops[i] is 0 and out_done[i] is the completion, to be released with
/// lgstore_cq_release; otherwise out_done[i].owner is NULL.
/// With LGSTORE_MORE_FOLLOWS in the last submission the call wakes nobody: what it has accepted may lie until
/// the store's next lgstore_submit_cq without it (n may be 0), or close; neither lgstore_call nor
/// lgstore_cq_wait is enough. For requests that come one by one but at the same moment, as in a turn of an
/// event loop. A deadline and lgstore_cancel reach those that lie, too.
///
/// # Safety
/// `store` and `queue` are live; `arena` points at `arena_len` bytes, `submissions` at n structs; the
/// out-parameters are NULL or writable for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_submit_cq(
    store: *mut lgstore_t,
    queue: *mut lgstore_cq_t,
    arena: *const c_char,
    arena_len: usize,
    submissions: *const lgstore_submission_t,
    n: usize,
    out_accepted: *mut usize,
    out_ops: *mut lgstore_op_t,
    out_done: *mut lgstore_completion_t,
) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        // SAFETY: NULL or writable by contract.
        unsafe { write(out_accepted, 0) };
        // SAFETY: live by contract.
        let (client, queue) = unsafe { (pointer::object(store)?, pointer::object(queue)?) };
        // A doorbell or another reader may free both handles as soon as the first request is through.
        let (client, queue) = (&Arc::clone(client), &Arc::clone(queue));
        // SAFETY: readable by contract.
        let arena = unsafe { slice::bytes(arena, arena_len, "arena") }?;
        // SAFETY: readable by contract.
        let submissions = unsafe { slice::array(submissions, n, "submissions") }?;
        if !out_done.is_null() && out_ops.is_null() {
            return Err(Error::invalid("out_ops", "out_done needs out_ops"));
        }
        let mut status = LGSTORE_OK;
        let mut taken = 0;
        for submission in submissions {
            match submit_one(client, queue, arena, submission, !out_done.is_null()) {
                Ok(outcome) => {
                    // SAFETY: both are NULL or n long, and taken < n.
                    unsafe { report_one(outcome, submission.tag, taken, out_ops, out_done) };
                    taken += 1;
                }
                Err(error) => {
                    status = error.code().status();
                    break;
                }
            }
        }
        // One that was refused is the last as well: nothing may lie behind it.
        let more = submissions.last().is_some_and(|last| last.flags & LGSTORE_MORE_FOLLOWS != 0);
        if !more || status != LGSTORE_OK {
            client.wake();
        } else {
            client.wake_if_closing();
        }
        // SAFETY: NULL or writable by contract.
        unsafe { write(out_accepted, taken) };
        Ok(status)
    })
}

fn submit_one(
    client: &Arc<Client>,
    queue: &Arc<CompletionQueue>,
    arena: &[u8],
    submission: &lgstore_submission_t,
    may_be_done: bool,
) -> Result<Submitted> {
    let start = submission.json_off as usize;
    let end = start + submission.json_len as usize;
    let Some(body) = arena.get(start..end) else {
        return Err(Error::invalid("submissions", "a body lies outside the arena"));
    };
    let lgstore_submission_t { op, flags, timeout_us, tag, .. } = *submission;
    let known = LGSTORE_ALLOW_IMMEDIATE | LGSTORE_MORE_FOLLOWS;
    let mut request = checked_request(op, known, flags, body, timeout_us, tag)?;
    request.allow_immediate &= may_be_done;
    if !queue.reserve() {
        let text = "as many requests are in flight as the queue holds; drain it first";
        return Err(Error::new(Code::Busy, text));
    }
    let outcome = client.submit_in_burst(&request, &|| Sink::Queue(Arc::clone(queue)));
    if !matches!(outcome, Ok(Submitted::Accepted(_))) {
        queue.unreserve(1);
    }
    outcome
}

/// # Safety
/// Both arrays are NULL or longer than `index`.
unsafe fn report_one(
    outcome: Submitted,
    tag: u64,
    index: usize,
    out_ops: *mut lgstore_op_t,
    out_done: *mut lgstore_completion_t,
) {
    let (op, completion) = match outcome {
        Submitted::Accepted(op) => (op, None),
        Submitted::Done(answer) => (0, Some(export_answer(0, tag, 0, Arc::new(answer)))),
    };
    // SAFETY: by contract.
    unsafe {
        if !out_ops.is_null() {
            out_ops.add(index).write(op);
        }
        if !out_done.is_null() {
            let place = out_done.add(index);
            match completion {
                Some(completion) => place.write(completion),
                None => place.write_bytes(0, 1),
            }
        }
    }
}

/// [block] Submits one request and waits for its outcome: `*out` is an owned result, and the return
/// value its status (0, or the error's). When the request was refused, `*out` is NULL and `*err` says
/// why; when it failed, `*err` is set as well. Reads of an embedded store, and writes
/// that are alone in one, run on the calling thread.
/// LGSTORE_E_WOULD_DEADLOCK on a thread of the library.
///
/// # Safety
/// As for lgstore_submit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_call(
    store: *mut lgstore_t,
    request: *const lgstore_request_t,
    out: *mut *mut lgstore_result_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    boundary::status(err, || {
        let out = required(out, "out")?;
        // SAFETY: writable by contract.
        unsafe { write(out, std::ptr::null_mut()) };
        boundary::may_block("lgstore_call")?;
        // SAFETY: live and readable by contract.
        let (client, raw) = unsafe { (pointer::object(store)?, copy_in(request)?) };
        // SAFETY: readable by contract.
        let body = unsafe { slice::bytes(raw.json, raw.json_len, "request.json") }?;
        let answer = client.call(&self::request(&raw, body)?)?;
        let status = answer.status();
        report(err, answer.error().cloned());
        // SAFETY: writable by contract.
        unsafe { write(out, result::into_raw(answer)) };
        Ok(status)
    })
}

/// Fills completions for a queue's reader.
pub(super) fn export_into(out: *mut lgstore_completion_t, index: usize, completion: Completion) {
    // SAFETY: the caller of drain and wait says that `out` holds `max` completions, and index < max.
    unsafe { out.add(index).write(export(completion)) };
}
