//! Strings inside JSON text: compared, measured and copied without unescaping them first.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memchr;

use super::scan::hex4;

/// A validated JSON string as it is written, without its quotes.
#[derive(Clone, Copy, Debug)]
pub struct RawString<'a> {
    body: &'a str,
    escaped: bool,
}

impl<'a> RawString<'a> {
    /// From the text between the quotes.
    pub fn from_body(body: &'a str) -> Self {
        Self { body, escaped: memchr(b'\\', body.as_bytes()).is_some() }
    }

    /// From the text between the quotes, where it is known whether it holds a backslash.
    pub(crate) const fn new(body: &'a str, escaped: bool) -> Self {
        Self { body, escaped }
    }

    /// From a value's text with its quotes; `None` if that is not a string.
    pub fn from_value(text: &'a str) -> Option<Self> {
        text.strip_prefix('"').map(|rest| Self::from_body(rest.strip_suffix('"').unwrap_or(rest)))
    }

    /// The text between the quotes, as it is written.
    pub fn body(&self) -> &'a str {
        self.body
    }

    /// Whether it holds escapes.
    pub fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// The pieces it is made of: runs of plain text, and one character for each escape.
    fn pieces(&self) -> Pieces<'a> {
        Pieces { rest: self.body }
    }

    /// Bytes after unescaping.
    pub fn len(&self) -> usize {
        if !self.escaped {
            return self.body.len();
        }
        self.pieces().map(|piece| piece.plain.len() + piece.character.map_or(0, char::len_utf8)).sum()
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The code points after unescaping.
    pub fn chars(&self) -> impl Iterator<Item = char> + 'a {
        self.pieces().flat_map(|piece| piece.plain.chars().chain(piece.character))
    }

    /// Appends the unescaped text.
    pub fn push_to(&self, out: &mut String) {
        if !self.escaped {
            out.push_str(self.body);
            return;
        }
        for piece in self.pieces() {
            out.push_str(piece.plain);
            out.extend(piece.character);
        }
    }

    /// The unescaped text; borrowed where nothing is escaped.
    pub fn to_cow(&self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.body);
        }
        let mut text = String::with_capacity(self.body.len());
        self.push_to(&mut text);
        Cow::Owned(text)
    }

    /// Whether it spells this text.
    #[inline]
    pub fn is(&self, text: &str) -> bool {
        if self.escaped { self.compare(text) == Ordering::Equal } else { self.body == text }
    }

    /// Compares by code point with an unescaped text (the byte order of UTF-8 is that order).
    #[inline]
    pub fn compare(&self, text: &str) -> Ordering {
        if self.escaped { self.chars().cmp(text.chars()) } else { self.body.cmp(text) }
    }
}

struct Pieces<'a> {
    rest: &'a str,
}

struct Piece<'a> {
    plain: &'a str,
    character: Option<char>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(at) = memchr(b'\\', self.rest.as_bytes()) else {
            let plain = std::mem::take(&mut self.rest);
            return Some(Piece { plain, character: None });
        };
        let (character, length) = unescape(&self.rest.as_bytes()[at..]);
        let plain = &self.rest[..at];
        // A file that others wrote may hold a broken escape: take the rest as read, never panic.
        self.rest = self.rest.get(at + length..).unwrap_or("");
        Some(Piece { plain, character: Some(character) })
    }
}

/// The character that the escape at the start of `bytes` stands for, and the escape's length.
fn unescape(bytes: &[u8]) -> (char, usize) {
    let character = match bytes.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => match (hex4(bytes, 2), hex4(bytes, 8)) {
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
            }
            (unit, _) => {
                return (unit.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
            }
        },
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        _ => char::REPLACEMENT_CHARACTER,
    };
    (character, 2)
}
