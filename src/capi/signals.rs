//! Signal masks of the library's threads: the one place that calls `pthread_sigmask`. Miri knows none.

use std::marker::PhantomData;

/// The asynchronous signals are blocked on this thread while the value lives; threads that are
/// started meanwhile inherit that from their first instruction on.
pub struct Blocked {
    #[cfg(all(unix, not(miri)))]
    before: libc::sigset_t,
    /// A mask belongs to its thread: not `Send`.
    here: PhantomData<*const ()>,
}

impl Blocked {
    /// Blocks them. Signals that a fault of the thread itself raises stay as they are.
    pub fn new() -> Self {
        #[cfg(all(unix, not(miri)))]
        {
            Self { before: block(), here: PhantomData }
        }
        #[cfg(any(not(unix), miri))]
        {
            Self { here: PhantomData }
        }
    }
}

impl Default for Blocked {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(unix, not(miri)))]
impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: `before` was filled in by `block` on this thread (the type is not `Send`), and a null third argument is allowed.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

/// Blocks the asynchronous signals on this thread for good, so that the host's handlers never run
/// on a thread of the library.
pub fn block_on_this_thread() {
    #[cfg(all(unix, not(miri)))]
    block();
}

#[cfg(all(unix, not(miri)))]
fn block() -> libc::sigset_t {
    // Raised by an instruction of the thread itself; blocking them would end the process without
    // the host's crash handler having seen them.
    const SYNCHRONOUS: [libc::c_int; 7] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGSYS];
    // SAFETY: both sets are plain data that the calls fill in (`sigfillset` the first,
    // `pthread_sigmask` the second) before anything reads them, and both live on this stack. The
    // calls can't fail for these arguments; if one did, `before` would be the empty set it is made as.
    unsafe {
        let mut wanted: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut wanted);
        for signal in SYNCHRONOUS {
            libc::sigdelset(&mut wanted, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &wanted, &mut before);
        before
    }
}
