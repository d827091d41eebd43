//! An item as it is stored, and as it is written in answers.

use crate::json::text::{push_string, push_u64};
use crate::store::address::labels;

/// Stands for the version of a row that was written by another program and has none: shown as null, equal to
/// no version.
pub const NO_VERSION: [u8; 16] = [0; 16];

/// Everything about an item but its place and its value's text. Times are microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// When the item came into being; survives overwrites.
    pub created_at: i64,
    /// When it was last written; strictly increasing per item.
    pub updated_at: i64,
    /// UUIDv7 of the last write.
    pub version: [u8; 16],
    /// When it becomes invisible; `None` = never.
    pub expires_at: Option<i64>,
    /// The item's own time to live in microseconds, for refreshes; `None` exactly when `expires_at` is.
    pub ttl_us: Option<i64>,
    /// Some object inside the value has two members of one name: filters may not stop at the first.
    pub duplicates: bool,
}

impl Meta {
    /// Whether the item is visible at `now`.
    pub fn is_live(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }

    /// Whether a read at `now` should move the expiry: the item has a TTL, is live, at least `slack`
    /// of the TTL has passed, and the expiry would move forward.
    pub fn is_refresh_due(&self, now: i64, slack: f64) -> bool {
        let (Some(expires_at), Some(ttl_us)) = (self.expires_at, self.ttl_us) else { return false };
        // A row that somebody else wrote may hold any number.
        let passed = ttl_us.saturating_sub(expires_at.saturating_sub(now));
        expires_at > now && passed > 0 && passed >= (slack * ttl_us as f64) as i64
    }
}

/// A stored item, borrowed from the engine.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The value's JSON text exactly as it was put.
    pub value: &'a str,
    /// Times, version, expiry.
    pub meta: Meta,
}

/// A stored item with its place, borrowed from the engine.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The namespace's joined path.
    pub path: &'a str,
    /// The key.
    pub key: &'a str,
    /// The item.
    pub record: Record<'a>,
}

/// Appends the item document:
/// `{"namespace":[…],"key":…,"value":…,"created_at":…,"updated_at":…,"version":…,"expires_at"?:…}`.
pub fn push_item(out: &mut String, entry: &Entry<'_>) {
    let meta = &entry.record.meta;
    out.reserve(entry.record.value.len() + entry.path.len() + entry.key.len() + 224);
    out.push_str("{\"namespace\":");
    push_namespace(out, entry.path);
    out.push_str(",\"key\":");
    push_string(out, entry.key);
    out.push_str(",\"value\":");
    out.push_str(entry.record.value);
    out.push_str(",\"created_at\":\"");
    push_time(out, meta.created_at);
    out.push_str("\",\"updated_at\":\"");
    push_time(out, meta.updated_at);
    if meta.version == NO_VERSION {
        out.push_str("\",\"version\":null");
    } else {
        out.push_str("\",\"version\":\"");
        push_version(out, &meta.version);
        out.push('"');
    }
    if let Some(at) = meta.expires_at {
        out.push_str(",\"expires_at\":\"");
        push_time(out, at);
        out.push('"');
    }
    out.push('}');
}

/// Appends the labels of a joined path as a JSON array of strings.
pub fn push_namespace(out: &mut String, path: &str) {
    out.push('[');
    for (index, label) in labels(path).enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, label);
    }
    out.push(']');
}

/// Appends a version in the usual form of a UUID.
pub fn push_version(out: &mut String, version: &[u8; 16]) {
    let mut buffer = uuid::Uuid::encode_buffer();
    out.push_str(uuid::Uuid::from_bytes(*version).hyphenated().encode_lower(&mut buffer));
}

/// Appends microseconds since 1970 as RFC 3339 UTC with six decimals, `2026-01-31T09:30:00.000001Z`.
///
/// Civil date from day number after H. Hinnant, "chrono-compatible low-level date algorithms",
/// `civil_from_days`. A library's formatter was measured at several times the whole get.
pub fn push_time(out: &mut String, us: i64) {
    let days = us.div_euclid(86_400_000_000);
    let in_day = us.rem_euclid(86_400_000_000) as u64;
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u64;
    let month = (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }) as u64;
    let year = (year_of_era + era * 400 + i64::from(month <= 2)) as u64;
    if year > 9_999 {
        push_u64(out, year, 4);
    }
    // Digits into a fixed frame: a push per character was measured at half of a whole get.
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let skip = if year > 9_999 { 4 } else { 0 };
    let mut set = |at: usize, width: usize, mut number: u64| {
        for digit in text[at..at + width].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    set(0, 4, year);
    set(5, 2, month);
    set(8, 2, day);
    set(11, 2, in_day / 3_600_000_000);
    set(14, 2, in_day / 60_000_000 % 60);
    set(17, 2, in_day / 1_000_000 % 60);
    set(20, 6, in_day % 1_000_000);
    out.push_str(std::str::from_utf8(&text[skip..]).unwrap_or_default());
}
