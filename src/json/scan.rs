//! The tokens of JSON: where a string, a number, a literal ends, and what is wrong with it.

use std::borrow::Cow;

use memchr::memchr2;

/// Something that is not JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong there.
    pub what: What,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    End,
    Value,
    NotANumber,
    Name,
    Colon,
    CommaOrBrace,
    CommaOrBracket,
    Trailing,
    Control,
    Escape,
    Surrogate,
    OpenString,
    Number,
    LeadingZero,
    Magnitude,
    Depth(u32),
}

impl What {
    /// The first half of the message; the reader adds the offset.
    pub fn message(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            What::End => "the text ends in the middle of a value",
            What::Value => "expected a value",
            What::NotANumber => "NaN and Infinity are not JSON numbers",
            What::Name => "expected a member name in double quotes",
            What::Colon => "expected ':' after a member name",
            What::CommaOrBrace => "expected ',' or '}'",
            What::CommaOrBracket => "expected ',' or ']'",
            What::Trailing => "expected nothing more after the value",
            What::Control => "a control character in a string must be escaped",
            What::Escape => "unknown escape in a string",
            What::Surrogate => "a lone surrogate in a string is not Unicode text",
            What::OpenString => "a string is not closed",
            What::Number => "malformed number",
            What::LeadingZero => "a number must not have a zero in front",
            What::Magnitude => "a number is too large for a double and would be read as Infinity",
            What::Depth(limit) => return Cow::Owned(format!("nested deeper than the limit of {limit}")),
        })
    }
}

type Scanned = Result<usize, Fault>;

pub(crate) const fn fault<T>(at: usize, what: What) -> Result<T, Fault> {
    Err(Fault { at, what })
}

/// The first byte at or after `at` that is not white space.
#[inline(always)]
pub(crate) fn space(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(byte) if *byte > b' ' => at,
        _ => more_space(bytes, at),
    }
}

fn more_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A mark in the high bit of each byte of `word` that is zero; exact up to the lowest mark.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// The first quote, backslash or control character at or after `at`; the length if there is none.
#[inline]
pub(crate) fn string_stop(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    // Eight bytes at once: borrows can only mark bytes above (behind) the first true mark.
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let marks = control | zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
        if at == start + 32 {
            return far_string_stop(bytes, at);
        }
    }
    while let Some(byte) = bytes.get(at) {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

/// The same for what is known to be long: two passes that each run on vectors.
fn far_string_stop(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let plain = &rest[..memchr2(b'"', b'\\', rest).unwrap_or(rest.len())];
    // A minimum has no early exit and no branches, so it becomes vector code.
    if plain.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < 0x20 {
        return at + plain.iter().position(|byte| *byte < 0x20).unwrap_or(plain.len());
    }
    at + plain.len()
}

/// The first quote or backslash at or after `at`, in a string that was checked before.
#[inline]
pub(crate) fn quote_or_backslash(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    // Most strings are short: the wide search costs a call, and pays from about two words on.
    while at < start + 24 {
        let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let word = u64::from_le_bytes(*chunk);
        let marks = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    memchr2(b'"', b'\\', bytes.get(at..)?).map(|found| at + found)
}

/// Checks the string whose first byte after the quote is at `at`.
/// Gives the offset of the closing quote, and whether there are escapes.
#[inline(always)]
pub(crate) fn string(bytes: &[u8], at: usize) -> Result<(usize, bool), Fault> {
    let stop = string_stop(bytes, at);
    if bytes.get(stop) == Some(&b'"') { Ok((stop, false)) } else { escaped_string(bytes, at, stop) }
}

#[cold]
fn escaped_string(bytes: &[u8], start: usize, mut at: usize) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(bytes, at)?;
            }
            Some(_) => return fault(at, What::Control),
            None => return fault(start - 1, What::OpenString),
        }
        at = string_stop(bytes, at);
    }
}

/// Checks the escape at `at` (its backslash); a pair of surrogates is one escape.
fn escape(bytes: &[u8], at: usize) -> Scanned {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(bytes, at + 2) {
            None => fault(at, What::Escape),
            Some(0xd800..=0xdbff) => match (bytes.get(at + 6..at + 8), hex4(bytes, at + 8)) {
                (Some(b"\\u"), Some(0xdc00..=0xdfff)) => Ok(at + 12),
                _ => fault(at, What::Surrogate),
            },
            Some(0xdc00..=0xdfff) => fault(at, What::Surrogate),
            Some(_) => Ok(at + 6),
        },
        Some(_) => fault(at, What::Escape),
        None => fault(at, What::End),
    }
}

/// The number that four hexadecimal digits at `at` spell.
pub(crate) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?))
}

#[inline]
fn digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Checks the number at `start`; gives the offset behind it.
#[inline]
pub(crate) fn number(bytes: &[u8], start: usize) -> Scanned {
    let first = start + usize::from(bytes.get(start) == Some(&b'-'));
    let mut at = digits(bytes, first);
    if at == first {
        let what = if bytes.get(at) == Some(&b'I') { What::NotANumber } else { What::Number };
        return fault(start, what);
    }
    if bytes[first] == b'0' && at > first + 1 {
        return fault(start, What::LeadingZero);
    }
    let whole = at;
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, whole + 1);
        if at == whole + 1 {
            return fault(start, What::Number);
        }
    }
    let mantissa = at;
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, mantissa + 1 + sign);
        if at == mantissa + 1 + sign {
            return fault(start, What::Number);
        }
    }
    // Up to 300 digits without an exponent can't overflow, and whole numbers of any length are legal.
    if at > mantissa || (mantissa > whole && whole - first > 300) {
        magnitude(bytes, start, at)?;
    }
    Ok(at)
}

/// Refuses a number with fraction or exponent that a reader of doubles would turn into Infinity.
fn magnitude(bytes: &[u8], start: usize, end: usize) -> Result<(), Fault> {
    let parsed = std::str::from_utf8(&bytes[start..end]).ok().and_then(|text| text.parse::<f64>().ok());
    if parsed.is_some_and(f64::is_finite) { Ok(()) } else { fault(start, What::Magnitude) }
}

/// Checks the literal at `at` (`true`, `false`, `null`), or says why there is no value.
#[inline]
pub(crate) fn literal(bytes: &[u8], at: usize) -> Scanned {
    let rest = &bytes[at.min(bytes.len())..];
    for word in [&b"true"[..], b"false", b"null"] {
        if rest.starts_with(word) {
            return Ok(at + word.len());
        }
    }
    no_value(bytes, at)
}

#[cold]
fn no_value(bytes: &[u8], at: usize) -> Scanned {
    let rest = &bytes[at.min(bytes.len())..];
    let cut_off = [&b"true"[..], b"false", b"null"].iter().any(|word| word.starts_with(rest));
    let what = if cut_off {
        What::End
    } else if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
        What::NotANumber
    } else {
        What::Value
    };
    fault(at, what)
}
