//! What an operation means: names, limits, defaults, TTL, filters, orders and cursors. No I/O here.

pub mod address;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod filter;
pub mod item;
pub mod operation;
pub mod order;
pub mod request;
