//! Writes that happen only when the item is as the caller expects.

use super::engine::Transaction;
use super::write::put;
use crate::error::Result;
use crate::store::filter::json_equal;
use crate::store::item::{Entry, Record, push_item, push_version};
use crate::store::operation::{Condition, Conditional};

/// Applies the write if its condition holds at `now`.
///
/// Answers `{"applied":true,"version":"…"}` after a put, `{"applied":true}` after a delete and
/// `{"applied":false,"current":item or null}` otherwise. An expired item counts as absent.
pub fn apply(transaction: &mut dyn Transaction, body: &Conditional, now: i64) -> Result<String> {
    let mut holds = matches!(body.condition, Condition::Absent);
    let mut current = String::new();
    transaction.get(&body.address, &mut |record| {
        if record.meta.is_live(now) {
            holds = is_met(&body.condition, &record);
            if !holds {
                let (path, key) = (body.address.path(), body.address.key());
                push_item(&mut current, &Entry { path, key, record });
            }
        }
    })?;
    let mut answer = String::with_capacity(64 + current.len());
    if !holds {
        answer.push_str("{\"applied\":false,\"current\":");
        answer.push_str(if current.is_empty() { "null" } else { &current });
        answer.push('}');
        return Ok(answer);
    }
    answer.push_str("{\"applied\":true");
    match &body.write {
        Some((value, ttl_us)) => {
            let version = put(transaction, &body.address, value, *ttl_us, now)?;
            answer.push_str(",\"version\":\"");
            push_version(&mut answer, &version);
            answer.push('"');
        }
        None => {
            transaction.delete(&body.address)?;
        }
    }
    answer.push('}');
    Ok(answer)
}

/// Whether a live item meets the condition.
fn is_met(condition: &Condition, record: &Record<'_>) -> bool {
    match condition {
        Condition::Absent => false,
        Condition::Exists => true,
        Condition::Value(expected) => json_equal(record.value, &expected.text),
        Condition::Version(expected) => record.meta.version == *expected,
    }
}
