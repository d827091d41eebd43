//! Answers of batches and conditional writes: the same text on every backend.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::error::Result;
use crate::store::address::Address;
use crate::store::filter::json_equal;
use crate::store::item::{Record, push_version};
use crate::store::operation::{Batch, Condition, Operation};

/// An operation's answer inside a batch's.
pub type Text = Cow<'static, str>;
/// Outcomes by operation; `None` = not known yet.
pub type Answers = Vec<Option<Result<Text>>>;

/// What a put and a delete answer, and a get that finds nothing.
pub const NULL: Text = Cow::Borrowed("null");

/// In a snapshot batch the last put or delete of an item counts: the earlier ones are answered
/// without being carried out.
pub fn answer_overwritten(batch: &Batch, answers: &mut Answers) {
    let mut written: HashSet<&Address> = HashSet::with_capacity(batch.operations.len());
    for (operation, answer) in batch.operations.iter().zip(answers).rev() {
        let address = match operation {
            Operation::Put(put) => &put.address,
            Operation::Delete(address) => address,
            _ => continue,
        };
        if !written.insert(address) {
            *answer = Some(Ok(NULL));
        }
    }
}

/// `{"results":[{"result":…},{"error":{…}},…]}`, aligned with the operations.
pub fn document(answers: Answers) -> String {
    let length = |answer: &Option<Result<Text>>| {
        answer.as_ref().map_or(0, |a| a.as_ref().map_or(96, |text| text.len()))
    };
    let mut out = String::with_capacity(16 + answers.iter().map(|answer| 14 + length(answer)).sum::<usize>());
    out.push_str("{\"results\":[");
    for (index, answer) in answers.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match answer {
            Some(Ok(answer)) => {
                out.push_str("{\"result\":");
                out.push_str(&answer);
            }
            Some(Err(error)) => {
                out.push_str("{\"error\":");
                out.push_str(&error.to_json());
            }
            None => out.push_str("{\"result\":null"),
        }
        out.push('}');
    }
    out.push_str("]}");
    out
}

/// `{"applied":true,"version":"…"}` after a put, `{"applied":true}` after a delete.
pub fn applied(version: Option<&[u8; 16]>) -> String {
    let mut answer = String::with_capacity(68);
    answer.push_str("{\"applied\":true");
    if let Some(version) = version {
        answer.push_str(",\"version\":\"");
        push_version(&mut answer, version);
        answer.push('"');
    }
    answer.push('}');
    answer
}

/// `{"applied":false,"current":item or null}`; `current` is the item's document.
pub fn not_applied(current: Option<&str>) -> String {
    format!("{{\"applied\":false,\"current\":{}}}", current.unwrap_or("null"))
}

impl Condition {
    /// Whether a live item meets the condition.
    pub fn is_met_by(&self, record: &Record<'_>) -> bool {
        match self {
            Condition::Absent => false,
            Condition::Exists => true,
            Condition::Value(expected) => json_equal(record.value, &expected.text),
            Condition::Version(expected) => record.meta.version == *expected,
        }
    }
}
