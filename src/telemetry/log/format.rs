//! A log line's JSON.

use std::fmt::{Debug, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::json::text::push_string;
use crate::store::item::push_time;

/// Bytes of one text field; the rest is cut off, so that a value in an error can't fill the ring.
const FIELD_BYTES: usize = 4_096;

/// `{"ts","level","target","message",…}` of an event.
pub(super) fn event(event: &Event<'_>) -> String {
    let metadata = event.metadata();
    let mut out = head(*metadata.level(), metadata.target());
    let mut fields = Fields { message: String::new(), rest: String::new() };
    event.record(&mut fields);
    push_string(&mut out, &fields.message);
    out.push_str(&fields.rest);
    out.push('}');
    out
}

/// The line that says how many lines were dropped.
pub(super) fn dropped(count: u64) -> String {
    let mut out = head(Level::WARN, "lgstore::log");
    let _ =
        write!(out, "\"{count} log lines were dropped: the log callback is too slow\",\"dropped\":{count}}}");
    out
}

fn head(level: Level, target: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as i64);
    let mut out = String::with_capacity(192);
    out.push_str("{\"ts\":\"");
    push_time(&mut out, now);
    out.push_str("\",\"level\":\"");
    out.push_str(match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    });
    out.push_str("\",\"target\":");
    push_string(&mut out, target);
    out.push_str(",\"message\":");
    out
}

struct Fields {
    message: String,
    /// `,"name":value` of every other field.
    rest: String,
}

impl Fields {
    fn name(&mut self, field: &Field) {
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.rest.push(',');
        if matches!(name, "ts" | "level" | "target") {
            // The line's own members keep their names.
            push_string(&mut self.rest, &format!("field.{name}"));
        } else {
            push_string(&mut self.rest, name);
        }
        self.rest.push(':');
    }

    fn text(&mut self, field: &Field, text: &str) {
        let mut end = text.len().min(FIELD_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if field.name() == "message" {
            self.message.push_str(&text[..end]);
        } else {
            self.name(field);
            push_string(&mut self.rest, &text[..end]);
        }
    }

    fn plain(&mut self, field: &Field, value: impl ToString) {
        self.name(field);
        self.rest.push_str(&value.to_string());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() { self.plain(field, value) } else { self.text(field, &value.to_string()) }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.plain(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }
}
