//! What the library says of itself: counters, health and log lines.

pub mod batches;
pub mod health;
mod legacy;
pub mod log;
pub mod metrics;
pub mod prometheus;
pub mod report;
pub mod snapshot;
