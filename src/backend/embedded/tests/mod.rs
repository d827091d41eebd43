//! Tests of the semantics, each on an engine through the plain functions, without the layers above.

mod engine;
pub(crate) mod harness;
mod model;
mod reluctant;
mod semantics;
mod stage;
mod tasks;
