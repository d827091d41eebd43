//! Placeholder: written with the op protocol.
use crate::error::Result;
use std::time::Instant;

/// The shared state of one accepted request.
pub struct Ticket {}

impl Ticket {
    pub(crate) fn claim(&self) -> bool {
        true
    }
    pub(crate) fn stopped(&self) -> bool {
        false
    }
    pub(crate) fn deadline(&self) -> Option<Instant> {
        None
    }
    pub(crate) fn complete(&self, _outcome: Result<String>) {}
}
