//! lgstore: the long-term memory of LangGraph agents and of the native services around them.
//!
//! Data goes one way: `capi` (the C ABI) → `op` (one request, one outcome) → `store` (what an
//! operation means) → guards → `backend` (where items live). `telemetry` watches, `runtime` owns
//! the threads. ARCHITECTURE.md draws it.
#![deny(unsafe_code)]

pub mod backend;
pub mod error;
pub mod guard;
pub mod json;
pub mod lock;
pub mod op;
pub mod runtime;
pub mod store;
pub mod telemetry;

#[allow(unsafe_code)]
pub mod capi;
