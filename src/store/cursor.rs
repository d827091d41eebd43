//! Cursors: where a listing stopped, bound to what was listed.
//!
//! A cursor is base64url of: version byte 1; a tag of 8 bytes; the position's time (8 bytes, little
//! endian), the length of its path (4 bytes, little endian), path and key. The tag is SipHash-1-3 of
//! everything behind it and of the request's fingerprint, so one check refuses what is damaged, what
//! belongs to another request, and what is no cursor. It protects from mistakes and not from
//! forgery: a forged position can show nothing that another request could not.
//! Keys of the hash and all layouts are fixed for ever: cursors outlive processes and releases, and
//! mean the same on every engine and in every language.

use std::hash::Hasher;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use siphasher::sip::SipHasher13;

use super::filter::Filter;
use super::operation::MatchCondition;
use super::order::{Order, Position, SortBy};

const VERSION: u8 = 1;
/// Version byte, tag, time, length of the path.
const HEAD: usize = 1 + 8 + 8 + 4;

/// A hash that is the same in every process and release. Write fixed sizes in little endian only.
pub(crate) struct StableHash(SipHasher13);

/// What a hash is of. Never renumbered: the numbers are in every cursor.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub(crate) enum Part {
    Cursor = 1,
    Search = 2,
    ListNamespaces = 3,
    MatchCondition = 4,
    And = 10,
    Or = 11,
    Not = 12,
    Field = 13,
    Members = 14,
    Greater = 15,
    GreaterOrEqual = 16,
    Less = 17,
    LessOrEqual = 18,
    In = 19,
    Exists = 20,
    Both = 21,
    Either = 22,
    Complement = 23,
    Equal = 24,
    Null = 30,
    Boolean = 31,
    Number = 32,
    String = 33,
    Array = 34,
    Object = 35,
    TooDeep = 36,
    /// Of a namespace's path: its bucket in a cluster's index, which stored rows depend on.
    #[cfg(feature = "cql")]
    Bucket = 40,
}

impl StableHash {
    /// A hash of one kind of thing; two kinds never give comparable hashes.
    pub fn new(part: Part) -> Self {
        let mut hash = Self(SipHasher13::new_with_keys(0x6c67_7374_6f72_6501, 0x6375_7273_6f72_7631));
        hash.number(part as u64);
        hash
    }

    /// Adds a text, with its length so that neighbours can't be confused.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.write(text.as_bytes());
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    /// The hasher itself, for the values of numbers.
    pub fn hasher(&mut self) -> &mut impl Hasher {
        &mut self.0
    }

    /// The hash.
    pub fn finish(self) -> u64 {
        self.0.finish()
    }
}

/// What binds a cursor to a search: prefix, filter and order.
pub fn search_fingerprint(prefix: &str, filter: Option<&Filter>, order: Order) -> u64 {
    let mut hash = StableHash::new(Part::Search);
    hash.text(prefix);
    hash.number(filter.map_or(0, Filter::fingerprint));
    hash.number(match order.by {
        SortBy::Key => 0,
        SortBy::UpdatedAt => 1,
        SortBy::CreatedAt => 2,
    });
    hash.number(u64::from(order.descending));
    hash.finish()
}

/// What binds a cursor to a listing of namespaces: the conditions, in any order, and the depth.
pub fn list_fingerprint(conditions: &[MatchCondition], max_depth: Option<usize>) -> u64 {
    let mut parts: Vec<u64> = conditions.iter().map(condition_fingerprint).collect();
    parts.sort_unstable();
    let mut hash = StableHash::new(Part::ListNamespaces);
    hash.number(parts.len() as u64);
    for part in parts {
        hash.number(part);
    }
    hash.number(max_depth.map_or(0, |depth| depth as u64));
    hash.finish()
}

fn condition_fingerprint(condition: &MatchCondition) -> u64 {
    let mut hash = StableHash::new(Part::MatchCondition);
    hash.number(u64::from(condition.suffix));
    for label in &condition.path {
        hash.number(u64::from(label.is_some()));
        hash.text(label.as_deref().unwrap_or(""));
    }
    hash.finish()
}

fn tag(fingerprint: u64, payload: &[u8]) -> [u8; 8] {
    let mut hash = StableHash::new(Part::Cursor);
    hash.number(fingerprint);
    hash.hasher().write(payload);
    hash.finish().to_le_bytes()
}

/// The cursor that continues behind `position` (for namespaces: a path, no key, time 0).
pub fn encode(position: &Position, fingerprint: u64) -> String {
    let mut bytes = Vec::with_capacity(HEAD + position.path.len() + position.key.len());
    bytes.push(VERSION);
    bytes.extend([0; 8]);
    bytes.extend(position.time_us.to_le_bytes());
    bytes.extend((position.path.len() as u32).to_le_bytes());
    bytes.extend(position.path.as_bytes());
    bytes.extend(position.key.as_bytes());
    let tag = tag(fingerprint, &bytes[9..]);
    bytes[1..9].copy_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position in a cursor; `None` if it is not a cursor of a request with this fingerprint.
pub fn decode(cursor: &str, fingerprint: u64) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (&[VERSION], rest) = bytes.split_first_chunk::<1>()? else { return None };
    let (found, payload) = rest.split_first_chunk::<8>()?;
    if *found != tag(fingerprint, payload) {
        return None;
    }
    let (time, rest) = payload.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (path, key) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(Position {
        time_us: i64::from_le_bytes(*time),
        path: std::str::from_utf8(path).ok()?.to_owned(),
        key: std::str::from_utf8(key).ok()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position { time_us: -5, path: "users\0ü".into(), key: "k\0/.".into() }
    }

    #[test]
    fn a_cursor_brings_the_position_back() {
        for place in [position(), Position { time_us: i64::MAX, path: String::new(), key: String::new() }] {
            assert_eq!(decode(&encode(&place, 7), 7), Some(place));
        }
    }

    #[test]
    fn cursors_never_change() {
        // A release that gives another text breaks every cursor that is out there.
        assert_eq!(
            encode(&Position { time_us: 1, path: "a\0b".into(), key: "k".into() }, 7),
            "Aabyp8aQ6MZ3AQAAAAAAAAADAAAAYQBiaw"
        );
        let filter = Filter::parse(
            r#"{"a":{"$gt":1,"$ne":null},"b":{"c":[true,{"d":-1.50e3}]},"$or":[{"e":{"$in":["x"]}}]}"#,
            false,
        );
        let filter = filter.expect("a filter");
        assert_eq!(search_fingerprint("a\0b", Some(&filter), Order::KEY), 8_208_964_501_588_394_849);
        let condition = MatchCondition { suffix: true, path: vec![None, Some("b".into())] };
        assert_eq!(list_fingerprint(&[condition], Some(2)), 13_919_778_226_750_925_734);
    }

    #[test]
    fn foreign_and_damaged_cursors_are_refused() {
        let cursor = encode(&position(), 7);
        assert_eq!(decode(&cursor, 8), None);
        for index in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[index] = if damaged[index] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).expect("ASCII");
            assert_eq!(decode(&damaged, 7), None, "byte {index}");
            assert_eq!(decode(&cursor[..index], 7), None, "cut at {index}");
        }
        for junk in ["", "AA", "=", "ü", "AQAAAAAAAAAA"] {
            assert_eq!(decode(junk, 7), None, "{junk:?}");
        }
    }

    #[test]
    fn the_fingerprint_of_a_listing_ignores_the_order_of_conditions() {
        let condition =
            |suffix, label: Option<&str>| MatchCondition { suffix, path: vec![label.map(Into::into)] };
        let (a, b) = (condition(false, Some("a")), condition(true, None));
        let both = list_fingerprint(&[a.clone(), b.clone()], None);
        assert_eq!(both, list_fingerprint(&[b.clone(), a.clone()], None));
        assert_ne!(both, list_fingerprint(&[a.clone(), b.clone()], Some(1)));
        assert_ne!(both, list_fingerprint(&[a], None));
        assert_ne!(list_fingerprint(&[b], None), list_fingerprint(&[condition(true, Some("*"))], None));
    }
}
