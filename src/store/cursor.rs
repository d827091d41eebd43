//! Cursors. (placeholder of the shape that others use)

use super::order::Position;

/// The text of a cursor at `position`.
pub fn encode(position: &Position, fingerprint: u64) -> String {
    format!("{fingerprint:x}.{}.{}.{}.{}", position.time_us, position.path.len(), position.path, position.key)
}
