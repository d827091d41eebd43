//! The op protocol under the model checker: every interleaving of a few threads.
//!
//! `RUSTFLAGS="--cfg lgstore_loom" cargo test --release --no-default-features --test loom`
#![cfg(lgstore_loom)]
#![allow(missing_docs)]

mod desk;
mod queue;
mod rig;
mod ticket;
