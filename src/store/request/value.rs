//! Values, times to live and what else a write carries.

use crate::error::Result;
use crate::json::Type;
use crate::json::number::{Scaled, scaled};
use crate::json::reader::Reader;
use crate::store::config::Config;
use crate::store::operation::Value;

use super::fields::shorten;
use super::{Context, Warning};

/// The longest time to live, in seconds: 20 years of 365 days, the limit of the cluster engines.
const LONGEST_TTL: u64 = 630_720_000;

/// Reads a value: a JSON object within the limits.
pub(super) fn value(reader: &mut Reader<'_>, context: &mut Context<'_>) -> Result<Value> {
    let limits = &context.config.limits;
    let at = reader.offset();
    let found = reader.peek()?;
    if found != Type::Object {
        return Err(reader.invalid(at, format!("a value must be a JSON object, not {}", found.described())));
    }
    let raw = reader.raw(limits.value_depth)?;
    let bytes = raw.text.len();
    if bytes > limits.value_bytes {
        let limit = limits.value_bytes;
        return Err(reader
            .invalid(at, format!("value of {bytes} bytes is above the limit of {limit}"))
            .with_details(format!("{{\"bytes\":{bytes},\"limit\":{limit}}}")));
    }
    if bytes > limits.warn_value_bytes {
        (context.warn)(Warning::LargeValue { bytes, threshold: limits.warn_value_bytes });
    }
    Ok(Value { text: raw.text.into(), duplicates: raw.duplicates })
}

/// Reads a time to live in seconds; gives microseconds in whole milliseconds, rounded up.
/// `None` for null: for ever.
pub(super) fn ttl(reader: &mut Reader<'_>) -> Result<Option<i64>> {
    let at = reader.offset();
    match reader.peek()? {
        Type::Null => reader.null().map(|_| None),
        Type::Number => {
            let text = reader.number()?;
            let ms = match scaled(text, 3) {
                Scaled::Exactly(ms) if ms > 0 => ms,
                Scaled::Above(ms) => ms.saturating_add(1),
                Scaled::Exactly(_) | Scaled::Negative => {
                    return Err(reader.invalid(at, format!("must be above 0 seconds, not {}", shorten(text))));
                }
                Scaled::Huge => u64::MAX,
            };
            if ms > LONGEST_TTL * 1_000 {
                let message =
                    format!("{} seconds is above the limit of {LONGEST_TTL} (20 years)", shorten(text));
                return Err(reader.invalid(at, message));
            }
            Ok(Some(ms as i64 * 1_000))
        }
        other => Err(reader.wrong_type("a number of seconds or null", other)),
    }
}

/// The time to live of a put that brings none, in microseconds.
pub(super) fn default_ttl(config: &Config) -> Option<i64> {
    config.ttl.default_ttl.map(|seconds| {
        // A double is a little beside what was written (8.2 s is 8199.999… ms): round up only
        // what is no rounding error.
        let ms = seconds * 1_000.0;
        let nearest = ms.round();
        let whole = if (ms - nearest).abs() < 1e-6 { nearest } else { ms.ceil() };
        whole.max(1.0) as i64 * 1_000
    })
}

/// Checks `index` of a put: false, null or an array of strings. No store has an index yet.
pub(super) fn index(reader: &mut Reader<'_>) -> Result<()> {
    let at = reader.offset();
    match reader.peek()? {
        Type::Null => reader.null().map(drop),
        Type::Array => reader.array(|reader, _| reader.string().map(drop)),
        Type::Boolean => {
            if reader.boolean()? {
                return Err(reader.invalid(at, "must be false, null or an array of paths, not true"));
            }
            Ok(())
        }
        other => Err(reader.wrong_type("false, null or an array of paths", other)),
    }
}
