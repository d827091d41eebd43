//! lgstore_cq_t: a completion queue.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use super::pointer::{self, Handle, Opaque, required, write};
use super::result;
use super::runtime::lgstore_runtime_t;
use super::status::*;
use super::structs::{lgstore_completion_t, lgstore_doorbell_t};
use super::submit::export_into;
use super::{boundary, error::lgstore_error_t, slice};
use crate::error::Error;
use crate::op::queue::{CompletionQueue, Doorbell, Signal};

/// A completion queue. Thread-safe; several readers may drain one queue.
pub struct lgstore_cq_t(Handle<CompletionQueue>);

impl Opaque for lgstore_cq_t {
    type Object = CompletionQueue;
    const MAGIC: u64 = 0x6c67_7374_6f72_6502;
    const NAME: &'static str = "queue";
    fn handle(&self) -> &Handle<CompletionQueue> {
        &self.0
    }
    fn wrap(handle: Handle<CompletionQueue>) -> Self {
        Self(handle)
    }
}

/// The most completions a queue may be asked to hold.
pub const LGSTORE_CQ_CAPACITY_MAX: u32 = 262144;

/// [nb] Makes a completion queue for at most `capacity` (1 to LGSTORE_CQ_CAPACITY_MAX, 0 = 4096)
/// requests in flight. A place is taken at submit, so the queue never overflows: submit is refused with
/// LGSTORE_E_BUSY instead. It may serve several stores. `runtime` is not used and may be NULL.
///
/// # Safety
/// `out` is writable; `err` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_new(
    runtime: *mut lgstore_runtime_t,
    capacity: u32,
    out: *mut *mut lgstore_cq_t,
    err: *mut *mut lgstore_error_t,
) -> lgstore_status_t {
    boundary::status(err, || {
        let _ = runtime;
        let out = required(out, "out")?;
        // SAFETY: writable by contract.
        unsafe { write(out, std::ptr::null_mut()) };
        if capacity > LGSTORE_CQ_CAPACITY_MAX {
            let text = format!("capacity {capacity} is above the limit of {LGSTORE_CQ_CAPACITY_MAX}");
            return Err(Error::invalid("capacity", text));
        }
        let capacity = if capacity == 0 { 4_096 } else { capacity };
        let queue = Arc::new(CompletionQueue::new(capacity as usize));
        // SAFETY: writable by contract.
        unsafe { write(out, pointer::into_raw::<lgstore_cq_t>(queue)) };
        Ok(LGSTORE_OK)
    })
}

/// [nb] A descriptor that is readable while the queue is not empty, for poll, epoll, kqueue; made at
/// the first call, owned by the queue, non-blocking, close-on-exec. Never read it: draining does.
/// -1 where it can't be had.
///
/// # Safety
/// `queue` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_fd(queue: *mut lgstore_cq_t) -> i32 {
    boundary::value(-1, || {
        // SAFETY: live by contract.
        let Ok(queue) = (unsafe { pointer::object(queue) }) else { return -1 };
        queue.descriptor(EventFd::make)
    })
}

/// [block] Sets the function that is called when the queue goes from empty to not empty, and at once if
/// something waits already; NULL = none. Waits for a running call of the old one: after it has returned,
/// that one is never called again. LGSTORE_E_WOULD_DEADLOCK on a thread of the library. The doorbell may
/// call every function marked [nb]; lgstore_cq_wake from inside it does not ring again.
///
/// # Safety
/// `queue` is live; `ring` may be called with `user_data` on threads of the library until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_set_doorbell(
    queue: *mut lgstore_cq_t,
    ring: lgstore_doorbell_t,
    user_data: *mut c_void,
) -> lgstore_status_t {
    boundary::status(std::ptr::null_mut(), || {
        boundary::may_block("lgstore_cq_set_doorbell")?;
        // SAFETY: live by contract.
        let queue = unsafe { pointer::object(queue) }?;
        queue.set_doorbell(ring.map(|ring| Arc::new(Ring { ring, user_data }) as Arc<dyn Doorbell>));
        Ok(LGSTORE_OK)
    })
}

/// [nb] Moves up to `max` completions into `out` and says how many. When it returns fewer than `max` the
/// queue was empty and the doorbell and descriptor are armed again; else drain once more. Each completion
/// is yours until lgstore_cq_release.
///
/// # Safety
/// `queue` is live; `out` holds `max` completions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_drain(
    queue: *mut lgstore_cq_t,
    out: *mut lgstore_completion_t,
    max: usize,
) -> usize {
    boundary::value(0, || {
        // SAFETY: live by contract.
        let Ok(queue) = (unsafe { pointer::object(queue) }) else { return 0 };
        if out.is_null() {
            return 0;
        }
        let mut count = 0;
        queue.drain(max, &mut |completion| {
            export_into(out, count, completion);
            count += 1;
        });
        count
    })
}

/// [block] Like lgstore_cq_drain, but waits up to `timeout_us` (UINT64_MAX = without end) for the first
/// completion or for lgstore_cq_wake. 0 at once on a thread of the library.
///
/// # Safety
/// `queue` is live; `out` holds `max` completions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_wait(
    queue: *mut lgstore_cq_t,
    out: *mut lgstore_completion_t,
    max: usize,
    timeout_us: u64,
) -> usize {
    boundary::value(0, || {
        // SAFETY: live by contract.
        let Ok(queue) = (unsafe { pointer::object(queue) }) else { return 0 };
        if out.is_null() || boundary::may_block("lgstore_cq_wait").is_err() {
            return 0;
        }
        let timeout = (timeout_us < u64::MAX).then(|| Duration::from_micros(timeout_us));
        let mut count = 0;
        queue.wait(max, timeout, &mut |completion| {
            export_into(out, count, completion);
            count += 1;
        });
        count
    })
}

/// [nb] Makes one lgstore_cq_wait return although nothing has come, sets the descriptor and rings the
/// doorbell: how another thread asks the reader to look up.
///
/// # Safety
/// `queue` is live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_wake(queue: *mut lgstore_cq_t) {
    boundary::value((), || {
        // SAFETY: live by contract.
        if let Ok(queue) = unsafe { pointer::object(queue) } {
            queue.wake();
        }
    });
}

/// [nb] Gives drained completions back: their `json` and `owner` are not valid afterwards, except where
/// lgstore_result_take made a result yours.
///
/// # Safety
/// `batch` holds `n` completions that the library filled and that are not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_release(
    queue: *mut lgstore_cq_t,
    batch: *const lgstore_completion_t,
    n: usize,
) {
    boundary::value((), || {
        let _ = queue;
        // SAFETY: readable by contract.
        let Ok(batch) = (unsafe { slice::array(batch, n, "batch") }) else { return };
        for completion in batch.iter().filter(|completion| !completion.owner.is_null()) {
            // SAFETY: the reference that the completion holds, given up by the caller.
            drop(unsafe { result::from_raw(completion.owner) });
        }
    });
}

/// [nb] Frees a queue. NULL is accepted. Completions in it and those still to come are dropped and their
/// slots given back: the one case in which a request has no completion. Set the doorbell to NULL first
/// if its user data must outlive it.
///
/// # Safety
/// `queue` is NULL or live; nobody uses it during or after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgstore_cq_free(queue: *mut lgstore_cq_t) {
    boundary::value((), || {
        // SAFETY: given up by the caller.
        if let Some(queue) = unsafe { pointer::take(queue) } {
            queue.free();
        }
    });
}

struct Ring {
    ring: unsafe extern "C" fn(*mut c_void),
    user_data: *mut c_void,
}

// SAFETY: the contract of lgstore_cq_set_doorbell.
unsafe impl Send for Ring {}
// SAFETY: the queue makes one call at a time.
unsafe impl Sync for Ring {}

impl Doorbell for Ring {
    fn ring(&self) {
        // SAFETY: the contract of lgstore_cq_set_doorbell.
        unsafe { (self.ring)(self.user_data) };
    }
}

/// An eventfd: unlike a pipe it raises no SIGPIPE in the host.
struct EventFd(i32);

impl EventFd {
    #[cfg(target_os = "linux")]
    fn make() -> Option<Box<dyn Signal>> {
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        (fd >= 0).then(|| Box::new(Self(fd)) as Box<dyn Signal>)
    }

    #[cfg(not(target_os = "linux"))]
    fn make() -> Option<Box<dyn Signal>> {
        None
    }
}

impl Signal for EventFd {
    fn set(&self) {
        let one = 1u64;
        // SAFETY: writes 8 bytes from a live u64; it can't block (the counter never comes near its end).
        let _ = unsafe { libc::write(self.0, (&raw const one).cast(), 8) };
    }

    fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: reads 8 bytes into a live u64; the descriptor is non-blocking.
        let _ = unsafe { libc::read(self.0, (&raw mut count).cast(), 8) };
    }

    fn descriptor(&self) -> i32 {
        self.0
    }
}

impl Drop for EventFd {
    fn drop(&mut self) {
        // SAFETY: owned and closed once.
        unsafe { libc::close(self.0) };
    }
}
