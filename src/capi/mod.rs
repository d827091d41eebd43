//! Placeholder.

pub mod fork;
pub mod signals;
