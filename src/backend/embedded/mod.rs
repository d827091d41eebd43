//! The store on an ordered engine in this process.

pub mod engine;
