//! The store's clock: wall time in microseconds, and an offset that tests may move forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970 UTC, plus what `advance` has added.
#[derive(Debug, Default)]
pub struct Clock {
    offset_us: AtomicI64,
}

impl Clock {
    /// Now, in microseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
        wall + self.offset_us.load(Ordering::Relaxed)
    }

    /// Moves the clock forward (test clocks only).
    pub fn advance(&self, by_us: i64) {
        self.offset_us.fetch_add(by_us, Ordering::Relaxed);
    }
}
