//! A strict reader that is asked for one token after the other and builds nothing.

use crate::error::{Code, Error, Result};

use super::Type;
use super::locate::{locate, push_member};
use super::scan::{Fault, What, literal, number, space, string};
use super::skip::{Scratch, member_name};
use super::string::RawString;

/// Reads JSON text from left to right. Whoever makes one has checked that the bytes are UTF-8.
///
/// Reading recurses only as deep as the caller's own code does; values of unknown shape go through
/// [`Reader::raw`], which doesn't recurse. Syntax errors have `Code::Json`, wrong types
/// `Code::InvalidArg`; both carry the path of the member, and messages of syntax the byte offset.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    scratch: Scratch,
}

/// A value of any shape that was checked and passed over.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// The value as it is written, without white space around it.
    pub text: &'a str,
    /// Some object inside has two members of one name.
    pub duplicates: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, scratch: Scratch::default() }
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Passes over white space and gives the offset of what comes next.
    #[inline]
    pub fn offset(&mut self) -> usize {
        self.at = space(self.text.as_bytes(), self.at);
        self.at
    }

    /// The offset behind what was read last.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes back (or forward) to an offset where a value begins.
    pub fn seek(&mut self, offset: usize) {
        self.at = offset;
    }

    /// The type of the value that comes next; an error if none does.
    #[inline]
    pub fn peek(&mut self) -> Result<Type> {
        let at = self.offset();
        match self.text.as_bytes().get(at).copied().and_then(Type::of) {
            Some(kind) => Ok(kind),
            None => Err(self.syntax(literal(self.text.as_bytes(), at).err())),
        }
    }

    /// Reads an object: `each` is given every member's name, in order, and must read its value.
    #[inline]
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, RawString<'a>) -> Result<()>) -> Result<()> {
        self.expect(Type::Object)?;
        self.at += 1;
        if self.closes(b'}') {
            return Ok(());
        }
        loop {
            let at = self.offset();
            let (name, next) = member_name(self.text, at).map_err(|found| self.syntax(Some(found)))?;
            self.at = next;
            each(self, name)?;
            if !self.more(b'}', What::CommaOrBrace)? {
                return Ok(());
            }
        }
    }

    /// Reads an object up to its member `wanted` and stops before that member's value; false if the
    /// object has none. Values on the way may be `depth` levels deep.
    pub fn find_member(&mut self, wanted: &str, depth: usize) -> Result<bool> {
        self.expect(Type::Object)?;
        self.at += 1;
        if self.closes(b'}') {
            return Ok(false);
        }
        loop {
            let at = self.offset();
            let (name, next) = member_name(self.text, at).map_err(|found| self.syntax(Some(found)))?;
            self.at = next;
            if name.is(wanted) {
                return Ok(true);
            }
            self.raw(depth)?;
            if !self.more(b'}', What::CommaOrBrace)? {
                return Ok(false);
            }
        }
    }

    /// Reads an array: `each` is given every element's index and must read the element.
    #[inline]
    pub fn array(&mut self, mut each: impl FnMut(&mut Self, usize) -> Result<()>) -> Result<()> {
        self.expect(Type::Array)?;
        self.at += 1;
        if self.closes(b']') {
            return Ok(());
        }
        for index in 0.. {
            each(self, index)?;
            if !self.more(b']', What::CommaOrBracket)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads a string.
    #[inline]
    pub fn string(&mut self) -> Result<RawString<'a>> {
        self.expect(Type::String)?;
        let start = self.at + 1;
        match string(self.text.as_bytes(), start) {
            Ok((close, escaped)) => {
                self.at = close + 1;
                Ok(RawString::new(&self.text[start..close], escaped))
            }
            Err(found) => Err(self.syntax(Some(found))),
        }
    }

    /// Reads a number and gives it as it is written.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str> {
        self.expect(Type::Number)?;
        let start = self.at;
        match number(self.text.as_bytes(), start) {
            Ok(end) => {
                self.at = end;
                Ok(&self.text[start..end])
            }
            Err(found) => Err(self.syntax(Some(found))),
        }
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool> {
        self.expect(Type::Boolean)?;
        let value = self.text.as_bytes()[self.at] == b't';
        self.word()?;
        Ok(value)
    }

    /// Reads `null` if it comes next; says whether it did.
    #[inline]
    pub fn null(&mut self) -> Result<bool> {
        if self.peek()? != Type::Null {
            return Ok(false);
        }
        self.word()?;
        Ok(true)
    }

    /// Checks the next value, whatever it is, and passes over it; at most `depth` levels of
    /// objects and arrays.
    pub fn raw(&mut self, depth: usize) -> Result<Raw<'a>> {
        let start = self.offset();
        let depth = u32::try_from(depth).unwrap_or(u32::MAX);
        match self.scratch.skip(self.text, start, depth) {
            Ok(skipped) => {
                self.at = skipped.end;
                Ok(Raw { text: &self.text[start..skipped.end], duplicates: skipped.duplicates })
            }
            Err(found) => Err(self.syntax(Some(found))),
        }
    }

    /// Checks that nothing follows.
    #[inline]
    pub fn end(&mut self) -> Result<()> {
        let at = self.offset();
        if at == self.text.len() {
            Ok(())
        } else {
            Err(self.syntax(Some(Fault { at, what: What::Trailing })))
        }
    }

    /// Checks the type of what comes next.
    #[inline]
    pub fn expect(&mut self, wanted: Type) -> Result<()> {
        let found = self.peek()?;
        if found == wanted { Ok(()) } else { Err(self.wrong_type(wanted.described(), found)) }
    }

    /// The error that the next value should be `wanted` (for example `an array or null`).
    #[cold]
    pub fn wrong_type(&self, wanted: &str, found: Type) -> Error {
        self.invalid(self.at, format!("must be {wanted}, not {}", found.described()))
    }

    /// A validation error of the value at `offset`, with its path.
    #[cold]
    pub fn invalid(&self, offset: usize, message: impl Into<String>) -> Error {
        self.error(Code::InvalidArg, offset, message)
    }

    /// An error of the value at `offset`, with its path.
    #[cold]
    pub fn error(&self, code: Code, offset: usize, message: impl Into<String>) -> Error {
        let error = Error::new(code, message.into());
        let path = locate(self.text, offset);
        if path.is_empty() { error } else { error.at(path) }
    }

    /// A validation error of the member `name` (there or missing) of the object at `offset`.
    #[cold]
    pub fn invalid_member(&self, offset: usize, name: &str, message: impl Into<String>) -> Error {
        let mut path = locate(self.text, offset);
        push_member(&mut path, name);
        Error::invalid(path, message.into())
    }

    /// Where a part of this reader's text begins in it.
    pub fn offset_of(&self, part: &'a str) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize)
    }

    #[inline]
    fn closes(&mut self, bracket: u8) -> bool {
        let at = self.offset();
        let closes = self.text.as_bytes().get(at) == Some(&bracket);
        self.at += usize::from(closes);
        closes
    }

    /// Passes over a comma (true) or the closing bracket (false).
    #[inline]
    fn more(&mut self, bracket: u8, what: What) -> Result<bool> {
        let at = self.offset();
        let more = match self.text.as_bytes().get(at) {
            Some(b',') => true,
            Some(byte) if *byte == bracket => false,
            Some(_) => return Err(self.syntax(Some(Fault { at, what }))),
            None => return Err(self.syntax(Some(Fault { at, what: What::End }))),
        };
        self.at += 1;
        Ok(more)
    }

    fn word(&mut self) -> Result<()> {
        self.at = literal(self.text.as_bytes(), self.at).map_err(|found| self.syntax(Some(found)))?;
        Ok(())
    }

    #[cold]
    fn syntax(&self, found: Option<Fault>) -> Error {
        let Fault { at, what } = found.unwrap_or(Fault { at: self.at, what: What::Value });
        self.error(Code::Json, at, format!("{} (at byte {at})", what.message()))
    }
}

/// Checks that `bytes` are UTF-8.
///
/// # Errors
/// `Code::Utf8` with the offset and the path of the first byte that is not.
pub fn utf8(bytes: &[u8]) -> Result<&str> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| not_utf8(bytes))
}

#[cold]
fn not_utf8(bytes: &[u8]) -> Error {
    let at = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    let valid = std::str::from_utf8(&bytes[..at]).unwrap_or("");
    let error = Error::new(Code::Utf8, format!("not UTF-8 (at byte {at})"));
    let path = locate(valid, at);
    if path.is_empty() { error } else { error.at(path) }
}

/// Checks one whole text; gives whether some object inside has two members of one name.
///
/// # Errors
/// `Code::Json` with path and offset of what is wrong.
pub fn check(text: &str, depth: usize) -> Result<bool> {
    let mut reader = Reader::new(text);
    let raw = reader.raw(depth)?;
    reader.end()?;
    Ok(raw.duplicates)
}
