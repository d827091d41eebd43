//! The one hook that the library installs in a process: it counts forks, in the child.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// How many forks lie between this process and the one that first installed the hook.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Installs the hook; call it before a handle takes its generation.
///
/// No lock: a process that forks while another thread holds one could never install it in the
/// child. Two first calls at the same time may install it twice, and a fork then counts two, which
/// is as good: generations are only compared for being equal.
pub fn install() {
    if INSTALLED.load(Ordering::Acquire) {
        return;
    }
    // Miri knows no fork.
    #[cfg(all(unix, not(miri)))]
    {
        // SAFETY: `count` is an `extern "C" fn()` that lives as long as the code (the library can't
        // be unloaded) and does one atomic addition, which is safe between fork and exec. A
        // failure (no memory) leaves forks uncounted; nothing else depends on it.
        unsafe { libc::pthread_atfork(None, None, Some(count)) };
    }
    INSTALLED.store(true, Ordering::Release);
}

#[cfg(all(unix, not(miri)))]
extern "C" fn count() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
