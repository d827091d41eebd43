//! Atomics and locks of the protocol: std's, or loom's when the model checker builds this crate.

#[cfg(lgstore_loom)]
pub use loom::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
};
#[cfg(lgstore_loom)]
pub use loom::thread_local;
#[cfg(not(lgstore_loom))]
pub use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
};
#[cfg(not(lgstore_loom))]
pub use std::thread_local;

use std::sync::PoisonError;

/// Locks; a panic of an earlier holder does not matter, since no lock here guards a half-made change
/// (each critical section is a few moves of whole values).
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition variable.
pub fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
