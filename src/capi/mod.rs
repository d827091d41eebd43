//! The C ABI: one file per object, the same names as in the header.
//!
//! This is the one place with `unsafe`. `boundary` keeps panics inside, `pointer` turns C pointers
//! into references and back, `slice` does the same for texts; everything else is safe code between
//! those. cbindgen reads these files for `include/lgstore.h`, so the documentation here speaks to
//! the C programmer.
#![allow(non_camel_case_types)]
// [nb] and [block] are marks of the contract, not links; the C header shows them as they stand.
#![allow(rustdoc::broken_intra_doc_links)]

pub mod boundary;
pub mod cq;
pub mod error;
pub mod fork;
pub mod pointer;
pub mod result;
pub mod runtime;
pub mod signals;
pub mod slice;
pub mod status;
pub mod store;
pub mod structs;
pub mod submit;
#[cfg(test)]
mod tests;
pub mod version;
