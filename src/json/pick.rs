//! Finds members and elements in JSON text that was validated before, without a tree.
//!
//! Nothing here checks grammar again; on text that was never valid (a file that others wrote) the
//! answers mean nothing, but nothing panics and everything ends.

use super::Type;
use super::scan::{quote_or_backslash, space};
use super::string::RawString;

/// The type of a value by its first byte; text that is no value counts as null.
#[inline]
pub fn type_of(value: &str) -> Type {
    value.as_bytes().first().copied().and_then(Type::of).unwrap_or(Type::Null)
}

/// The offset behind the string whose first byte after the quote is at `at`, and whether it has escapes.
#[inline(always)]
fn string_end(bytes: &[u8], at: usize) -> (usize, bool) {
    match quote_or_backslash(bytes, at) {
        Some(found) if bytes[found] == b'"' => (found + 1, false),
        Some(found) => (escaped_end(bytes, found), true),
        None => (bytes.len(), false),
    }
}

/// The offset behind the string that has a backslash at `at`.
fn escaped_end(bytes: &[u8], mut at: usize) -> usize {
    // Behind the escaped byte: it is neither the end nor the start of another escape.
    while let Some(found) = quote_or_backslash(bytes, at + 2) {
        if bytes[found] == b'"' {
            return found + 1;
        }
        at = found;
    }
    bytes.len()
}

/// The offset behind the value at `at`.
#[inline]
fn value_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at + 1).0,
        Some(b'{' | b'[') => container_end(bytes, at),
        Some(_) => scalar_end(bytes, at + 1),
        None => at,
    }
}

#[inline]
fn scalar_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\t' | b'\r') {
            break;
        }
        at += 1;
    }
    at
}

/// The offset behind the object or array at `at`: counts brackets of both kinds, passes over strings.
fn container_end(bytes: &[u8], mut at: usize) -> usize {
    let mut open = 0usize;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at).0,
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

/// The members of an object, in the order of the text.
#[derive(Clone)]
pub struct Members<'a> {
    text: &'a str,
    at: usize,
}

/// The members of the object `value`; none if it is not an object.
#[inline]
pub fn members(value: &str) -> Members<'_> {
    let at = if value.starts_with('{') { 1 } else { value.len() };
    Members { text: value, at }
}

impl<'a> Iterator for Members<'a> {
    type Item = (RawString<'a>, &'a str);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let open = next_item(bytes, self.at)?;
        if bytes[open] != b'"' {
            return None;
        }
        let (end, escaped) = string_end(bytes, open + 1);
        let name = self.text.get(open + 1..end.wrapping_sub(1))?;
        let colon = space(bytes, end);
        let start = space(bytes, colon + 1);
        self.at = value_end(bytes, start);
        Some((RawString::new(name, escaped), self.text.get(start..self.at)?))
    }
}

/// The elements of an array.
#[derive(Clone)]
pub struct Elements<'a> {
    text: &'a str,
    at: usize,
}

/// The elements of the array `value`; none if it is not an array.
#[inline]
pub fn elements(value: &str) -> Elements<'_> {
    let at = if value.starts_with('[') { 1 } else { value.len() };
    Elements { text: value, at }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = next_item(bytes, self.at)?;
        self.at = value_end(bytes, start);
        self.text.get(start..self.at)
    }
}

/// Passes over the comma between two items; `None` at the closing bracket.
#[inline]
fn next_item(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = space(bytes, at);
    if bytes.get(at) == Some(&b',') {
        at = space(bytes, at + 1);
    }
    match bytes.get(at) {
        None | Some(b'}' | b']') => None,
        Some(_) => Some(at),
    }
}

/// The member `name` of the object `value`; with `duplicates` the last of that name counts, else
/// the search stops at the first.
pub fn member<'a>(value: &'a str, name: &str, duplicates: bool) -> Option<&'a str> {
    let mut found = None;
    for (member, text) in members(value) {
        if member.is(name) {
            found = Some(text);
            if !duplicates {
                break;
            }
        }
    }
    found
}

/// The element at `index` of the array `value`.
pub fn element(value: &str, index: usize) -> Option<&str> {
    elements(value).nth(index)
}
