//! Forks: what was made before a fork can't be used in the child, because its threads are not there.

pub use crate::capi::fork::{generation, install};
use crate::error::{Code, Error};

/// The error of every call on a handle of another generation.
pub fn error() -> Error {
    Error::new(
        Code::Forked,
        "this handle was made before fork() and its threads do not exist in this process; open the store in \
         each worker after the fork (preloading servers and process pools fork late)",
    )
}
