//! Versions: one UUIDv7 for every write of an item.

use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

thread_local! {
    static VERSIONS: ContextV7 = const { ContextV7::new() };
}

/// A new version. The counter is the thread's: the crate's own is behind a lock of the process, which
/// a child made by fork() could find locked for ever.
pub fn new_version() -> [u8; 16] {
    VERSIONS.with(|context| Uuid::new_v7(Timestamp::now(context)).into_bytes())
}
