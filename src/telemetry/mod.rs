//! What the library says of itself: counters and log lines.

pub mod log;
pub mod metrics;
