//! Writes that happen only when the item is as the caller expects.

use super::engine::Transaction;
use super::write::put;
use crate::error::Result;
use crate::store::answers;
use crate::store::item::{Entry, push_item};
use crate::store::operation::{Condition, Conditional};

/// Applies the write if its condition holds at `now`. An expired item counts as absent.
pub fn apply(transaction: &mut dyn Transaction, body: &Conditional, now: i64) -> Result<String> {
    let mut holds = matches!(body.condition, Condition::Absent);
    let mut current = None;
    transaction.get(&body.address, &mut |record| {
        if record.meta.is_live(now) {
            holds = body.condition.is_met_by(&record);
            if !holds {
                let (path, key) = (body.address.path(), body.address.key());
                push_item(current.insert(String::new()), &Entry { path, key, record });
            }
        }
    })?;
    if !holds {
        return Ok(answers::not_applied(current.as_deref()));
    }
    match &body.write {
        Some((value, ttl_us)) => {
            let version = put(transaction, &body.address, value, *ttl_us, now)?;
            Ok(answers::applied(Some(&version)))
        }
        None => {
            transaction.delete(&body.address)?;
            Ok(answers::applied(None))
        }
    }
}
