//! Mutex and condition variable of everything but the op protocol (which has its own in `op::sync`).
//!
//! The standard library's, because each of them is nothing but its own word of memory: a child process
//! made by fork() can use what it makes itself, whatever the parent's threads did at that moment.
//! parking_lot keeps its waiting threads in one table of the process; in a child that table names threads
//! that are not there, and new threads, whose stacks lie where theirs were, lose wake-ups.
//!
//! A panic of an earlier holder does not matter: no lock here guards a half-made change.

use std::ops::{Deref, DerefMut};
use std::sync::{self, PoisonError, TryLockError};
use std::time::Instant;

/// A mutex that knows no poison.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// Holds a [`Mutex`].
pub struct MutexGuard<'a, T> {
    /// Taken only within [`Condvar`]'s waits, which put it back before they return.
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// A mutex around `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the mutex.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    /// Takes the mutex if nobody holds it.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(held) => Some(MutexGuard { held: Some(held) }),
            Err(TryLockError::Poisoned(poisoned)) => Some(MutexGuard { held: Some(poisoned.into_inner()) }),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.held.as_ref().expect("held outside of a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held outside of a wait")
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// A condition variable.
    pub const fn new() -> Self {
        Self(sync::Condvar::new())
    }

    /// Lets go of the mutex, sleeps until notified (or for no reason), and takes it again.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        if let Some(held) = guard.held.take() {
            guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Like `wait`, but not beyond `until`. True when that has passed.
    pub fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if let Some(held) = guard.held.take() {
            let (held, waited) = self.0.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner);
            guard.held = Some(held);
            return waited.timed_out();
        }
        false
    }

    /// Wakes one waiting thread.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all waiting threads.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
