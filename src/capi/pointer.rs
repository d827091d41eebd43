//! Handles: checked pointers between C and reference-counted objects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Code, Error, Result};
use crate::runtime::fork;

/// Magic of a handle that was freed.
const FREED: u64 = 0xdead_dead_dead_dead;

/// What stands behind an opaque C pointer: a magic number that tells objects apart and freed from
/// live, the fork generation it was made in, and the object.
pub struct Handle<T> {
    magic: AtomicU64,
    generation: u32,
    object: Arc<T>,
}

/// An opaque C type: its name for errors and its magic number.
pub(super) trait Opaque: Sized {
    /// What it refers to.
    type Object;
    /// Different for each type.
    const MAGIC: u64;
    /// Parameter name in errors.
    const NAME: &'static str;
    /// Its one field.
    fn handle(&self) -> &Handle<Self::Object>;
    /// Around its one field.
    fn wrap(handle: Handle<Self::Object>) -> Self;
}

/// Makes the owned pointer that a constructor returns.
pub(super) fn into_raw<H: Opaque>(object: Arc<H::Object>) -> *mut H {
    // A queue may be the first thing that a process makes, before any runtime.
    fork::install();
    let magic = AtomicU64::new(H::MAGIC);
    Box::into_raw(Box::new(H::wrap(Handle { magic, generation: fork::generation(), object })))
}

/// The object behind a handle.
///
/// # Safety
/// `pointer` is NULL or came from `into_raw::<H>` and is not freed while this runs.
pub(super) unsafe fn object<'a, H: Opaque + 'a>(pointer: *const H) -> Result<&'a Arc<H::Object>> {
    if pointer.is_null() {
        return Err(Error::invalid(H::NAME, format!("{} is NULL", H::NAME)));
    }
    // SAFETY: not NULL, and by the contract a live handle.
    let handle = unsafe { &*pointer }.handle();
    if handle.magic.load(Ordering::Acquire) != H::MAGIC {
        return Err(Error::invalid(H::NAME, format!("{} is not a live handle of its type", H::NAME)));
    }
    if handle.generation != fork::generation() {
        let text = "the handle was made before fork(); a child process must open its own store \
                    (preload servers and worker pools: open after the fork)";
        return Err(Error::new(Code::Forked, text));
    }
    Ok(&handle.object)
}

/// Takes the object out of a handle and frees the handle. `None` for NULL, for a freed handle (where
/// that can be seen) and after a fork, where everything is left as it is on purpose.
///
/// # Safety
/// `pointer` is NULL or came from `into_raw::<H>`, and nobody uses it during or after this call.
pub(super) unsafe fn take<H: Opaque>(pointer: *mut H) -> Option<Arc<H::Object>> {
    // SAFETY: by the contract above.
    let object = unsafe { object(pointer) }.ok()?;
    // SAFETY: `object` has checked that it is a live handle.
    unsafe { &*pointer }.handle().magic.store(FREED, Ordering::Release);
    if cfg!(debug_assertions) {
        // The memory stays, the object must not: a store kept alive would keep its runtime alive.
        // SAFETY: moved out once; the handle is never dropped, and its magic keeps everyone else out.
        let object = unsafe { std::ptr::read(object) };
        quarantine(pointer.cast());
        return Some(object);
    }
    let object = object.clone();
    // SAFETY: it came from Box::into_raw and the caller gives it up.
    drop(unsafe { Box::from_raw(pointer) });
    Some(object)
}

/// Debug builds keep freed handles, so that a second free or a late call meets the freed magic
/// instead of memory of something else.
fn quarantine(freed: *mut ()) {
    use std::sync::Mutex;
    /// As pointers and not as numbers, so that leak checkers see that they are kept.
    struct Kept(#[expect(dead_code, reason = "it is only kept")] *mut ());
    // SAFETY: nobody ever follows it.
    unsafe impl Send for Kept {}
    static FREED_HANDLES: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
    if let Ok(mut handles) = FREED_HANDLES.lock() {
        handles.push(Kept(freed));
    }
}

/// Writes to an out-parameter if there is one.
///
/// # Safety
/// `out` is NULL or valid for writing a `T`.
pub(super) unsafe fn write<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: by the contract above.
        unsafe { out.write(value) };
    }
}

/// An out-parameter that must be there.
pub(super) fn required<T>(out: *mut T, name: &'static str) -> Result<*mut T> {
    if out.is_null() { Err(Error::invalid(name, format!("{name} is NULL"))) } else { Ok(out) }
}
