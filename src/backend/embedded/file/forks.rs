//! SQLite and `fork()`: whether this process may use SQLite at all.
//!
//! SQLite has state of the process that a child inherits without what stands behind it. Its table of the
//! POSIX locks that the process holds on a file comes along, the locks do not: a new connection to the same
//! file finds its locks "held already" and takes none, and the parent, closing last as far as it can see,
//! deletes the log that the child still writes to. And a mutex of SQLite that another thread held at the
//! fork stays held in the child, whatever file it opens. So a child opens files only if its parent had
//! none open when it forked.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Code, Error, Result};
use crate::runtime::fork;

/// Engines that are open in this process, and above them, in the high half, the fork generation of the
/// last change. One word without a lock: a lock that another thread held at a fork would stay held.
static OPEN: AtomicU64 = AtomicU64::new(0);

const COUNT: u64 = 0xffff_ffff;

/// Says that this process uses SQLite, until it is released or dropped.
#[derive(Debug)]
pub struct InUse {
    generation: u32,
    released: AtomicBool,
}

impl InUse {
    /// Errors: `Forked` in a child whose parent had a file open at the fork.
    pub fn enter() -> Result<Self> {
        let generation = fork::generation();
        let mut word = OPEN.load(Ordering::Acquire);
        loop {
            let ours = word >> 32 == u64::from(generation);
            if !ours && word & COUNT > 0 {
                return Err(Error::new(
                    Code::Forked,
                    "a file store was open in the parent process at the fork(), and SQLite can't be used in \
                     the child of such a process; open file stores only after the fork, or close them before \
                     it (preload servers and worker pools: open in each worker)",
                )
                .at("path"));
            }
            let next = (u64::from(generation) << 32) | ((word & COUNT) + 1);
            match OPEN.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Self { generation, released: AtomicBool::new(false) }),
                Err(seen) => word = seen,
            }
        }
    }

    /// Every connection of the engine is closed.
    pub fn release(&self) {
        // In a child the parent's engines stay counted: what they hold in SQLite can't be let go of there.
        if self.generation == fork::generation() && !self.released.swap(true, Ordering::AcqRel) {
            OPEN.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.release();
    }
}
