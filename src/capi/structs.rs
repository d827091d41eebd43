//! The structs that cross the boundary.

use std::ffi::{c_char, c_void};

use super::result::lgstore_result_t;
use super::status::lgstore_status_t;
use crate::error::{Code, Error, Result};

/// Identifies an accepted request: increasing, never reused, 0 = none.
pub type lgstore_op_t = u64;

/// In `flags` of a request: it may be answered at once, see lgstore_submit.
pub const LGSTORE_ALLOW_IMMEDIATE: u32 = 1;
/// In `flags` of the last submission of a burst: another burst follows, see lgstore_submit_cq.
pub const LGSTORE_MORE_FOLLOWS: u32 = 2;

/// One request. Zero-initialise it, set `struct_size`, then what you need; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lgstore_request_t {
    /// sizeof(lgstore_request_t)
    pub struct_size: usize,
    /// LGSTORE_OP_…
    pub op: u32,
    /// 0 or LGSTORE_ALLOW_IMMEDIATE
    pub flags: u32,
    /// The body, a JSON object in UTF-8; NULL with length 0 = {}. Copied before submit returns.
    pub json: *const c_char,
    /// Bytes of the body.
    pub json_len: usize,
    /// Microseconds until the deadline; 0 = the store's default.
    pub timeout_us: u64,
    /// Yours; echoed in the completion, never dereferenced.
    pub tag: u64,
}

/// One request of a burst: no pointers, so that callers can build it anywhere. Frozen, 32 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lgstore_submission_t {
    /// LGSTORE_OP_…
    pub op: u32,
    /// LGSTORE_ALLOW_IMMEDIATE, LGSTORE_MORE_FOLLOWS, both or 0
    pub flags: u32,
    /// Where the body begins in the arena.
    pub json_off: u32,
    /// Bytes of the body.
    pub json_len: u32,
    /// Microseconds until the deadline; 0 = the store's default.
    pub timeout_us: u64,
    /// Yours; echoed in the completion.
    pub tag: u64,
}

/// The outcome of one accepted request. Frozen, 64 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lgstore_completion_t {
    /// The id that submit gave out.
    pub op: lgstore_op_t,
    /// The request's tag.
    pub tag: u64,
    /// LGSTORE_OK or LGSTORE_E_…
    pub status: lgstore_status_t,
    /// 0
    pub flags: u32,
    /// The answer's or the error's JSON document, NUL-terminated. Borrowed: valid in the callback,
    /// or until the completion is released.
    pub json: *const c_char,
    /// Its length without the NUL.
    pub json_len: usize,
    /// For lgstore_result_take; NULL = no result.
    pub owner: *mut lgstore_result_t,
    /// From submit to delivery.
    pub latency_ns: u64,
    /// 0
    pub reserved: u64,
}

const _: () = assert!(size_of::<lgstore_submission_t>() == 32);
const _: () = assert!(size_of::<*const u8>() != 8 || size_of::<lgstore_completion_t>() == 64);

/// Receives one completion, on a callback thread of the runtime (or on the worker that finished the
/// request, if the runtime was made so). The completion and what it points to are borrowed for the
/// call. Every function marked [nb] may be called from here. Must not throw or longjmp.
pub type lgstore_callback_t =
    Option<unsafe extern "C" fn(completion: *const lgstore_completion_t, user_data: *mut c_void)>;

/// Receives one log event: level 1 = error … 5 = trace, and a JSON object, borrowed for the call.
/// Called on a thread of the library, one call at a time.
pub type lgstore_log_t =
    Option<unsafe extern "C" fn(level: i32, json: *const c_char, json_len: usize, user_data: *mut c_void)>;

/// Wakes the reader of a completion queue; must not block. One call at a time, on a thread of the library
/// or inside lgstore_cq_wake and lgstore_cq_set_doorbell.
pub type lgstore_doorbell_t = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// A struct that grows by new fields at its end and begins with its size.
///
/// # Safety
/// `repr(C)`, first field `struct_size: usize`, and all-zero bytes are a valid value.
pub(super) unsafe trait Growable: Copy {
    /// Parameter name in errors.
    const NAME: &'static str;
}

// SAFETY: as the trait asks.
unsafe impl Growable for lgstore_request_t {
    const NAME: &'static str = "request";
}

/// Copies a growable struct in: a shorter one (older header) is filled up with zeros, a longer one
/// (newer header) is accepted while what this library does not know is zero. The rule is the one of
/// Linux's extensible system calls (`copy_struct_from_user`).
///
/// # Safety
/// `pointer` is NULL or points at `struct_size` readable bytes that begin with that number.
pub(super) unsafe fn copy_in<T: Growable>(pointer: *const T) -> Result<T> {
    if pointer.is_null() {
        return Err(Error::invalid(T::NAME, format!("{} is NULL", T::NAME)));
    }
    // SAFETY: every growable struct begins with its size.
    let given = unsafe { pointer.cast::<usize>().read_unaligned() };
    let known = size_of::<T>();
    if given < size_of::<usize>() || given > 64 * 1024 {
        let text = format!("{}.struct_size is {given}; set it to sizeof the struct", T::NAME);
        return Err(Error::invalid(format!("{}.struct_size", T::NAME), text));
    }
    if given > known {
        // SAFETY: the caller says that `given` bytes are readable.
        let tail = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(known), given - known) };
        if tail.iter().any(|byte| *byte != 0) {
            let text = format!("{} has a field that this library does not know; update the library", T::NAME);
            return Err(Error::new(Code::Unsupported, text).at(T::NAME));
        }
    }
    let mut copy = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: reads at most `given` bytes, writes at most the struct; zeros are valid for the rest.
    unsafe {
        let bytes = copy.as_mut_ptr().cast::<u8>();
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), bytes, given.min(known));
        Ok(copy.assume_init())
    }
}
