//! Batches: several operations in one request.

use crate::error::Result;
use crate::json::reader::Reader;
use crate::store::filter::FILTER_DEPTH;
use crate::store::operation::{Batch, Kind, Mode, Operation};

use super::fields::{Fields, OP, Seen, choice};
use super::{Context, Warning, one, options};

static BATCH: Fields = Fields { of: "batch", names: &["ops", "mode", "atomicity"], options: options::PLAIN };

/// Bytes that few operations have less of.
const USUAL_BYTES: usize = 40;

/// The operations that a batch may hold.
const INSIDE: [(&str, Kind); 6] = [
    ("get", Kind::Get),
    ("put", Kind::Put),
    ("delete", Kind::Delete),
    ("search", Kind::Search),
    ("list_namespaces", Kind::ListNamespaces),
    ("count", Kind::Count),
];

pub(super) fn batch(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    context.in_batch = true;
    let (mut operations, mut mode, mut logged) = (None, Mode::Snapshot, false);
    let mut seen = BATCH.read(reader, false, |reader, name| {
        match name {
            "ops" => {
                let mut list = Vec::new();
                reader.array(|reader, index| {
                    let start = reader.offset();
                    list.push(operation(reader, context)?);
                    if index == 0 {
                        // As if the others were as long: growing would move them again and again.
                        let (length, end) = (reader.position() - start, reader.text().len());
                        list.reserve((end - reader.position()) / length.max(USUAL_BYTES));
                    }
                    Ok(())
                })?;
                operations = Some(list);
            }
            "mode" => {
                mode = choice(reader, &[("snapshot", Mode::Snapshot), ("sequential", Mode::Sequential)])?
            }
            _ => logged = choice(reader, &[("none", false), ("logged", true)])?,
        }
        Ok(())
    })?;
    context.keep(seen.options());
    let operations: Vec<Operation> = seen.need(reader, operations, "ops")?;
    if logged {
        check_logged(reader, &seen, context, mode, &operations)?;
    }
    let threshold = context.config.limits.warn_batch_operations;
    if operations.len() > threshold {
        (context.warn)(Warning::LargeBatch { operations: operations.len(), threshold });
    }
    Ok(Operation::Batch(Box::new(Batch { operations, mode, logged })))
}

fn check_logged(
    reader: &Reader<'_>,
    seen: &Seen,
    context: &Context<'_>,
    mode: Mode,
    operations: &[Operation],
) -> Result<()> {
    let limits = &context.config.limits;
    if mode == Mode::Sequential {
        let message = "\"logged\" is not possible with the mode \"sequential\"";
        return Err(seen.invalid(reader, "atomicity", message));
    }
    if operations.len() > limits.logged_batch_operations {
        let (number, limit) = (operations.len(), limits.logged_batch_operations);
        let message = format!(
            "a logged batch of {number} operations is above the limit of {limit} (limits.logged_batch_operations)"
        );
        return Err(seen.invalid(reader, "ops", message));
    }
    let bytes: usize = operations
        .iter()
        .map(|operation| if let Operation::Put(put) = operation { put.value.text.len() } else { 0 })
        .sum();
    let limit = limits.logged_batch_bytes;
    if bytes > limit {
        let message = format!(
            "a logged batch with values of {bytes} bytes is above the limit of {limit} (limits.logged_batch_bytes)"
        );
        return Err(seen.invalid(reader, "ops", message));
    }
    Ok(())
}

/// Reads one element of `ops`: finds out which operation it is, then reads it as such.
fn operation(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Operation> {
    let start = reader.offset();
    // The member `op` may stand anywhere; what comes before it is read twice, which costs nothing
    // for those who write it first.
    let depth = context.config.limits.value_depth.max(FILTER_DEPTH);
    if !reader.find_member(OP, depth)? {
        return Err(reader.invalid_member(start, OP, "an operation of a batch needs `op`"));
    }
    let kind = choice(reader, &INSIDE)?;
    reader.seek(start);
    one(kind, reader, context)
}
