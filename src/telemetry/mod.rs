//! What the library says of itself: counters, health and log lines.

pub mod health;
pub mod log;
pub mod metrics;
pub mod report;
