//! Checks a whole value without building anything: grammar, depth, and members of one name.

use super::scan::{Fault, What, fault, literal, number, space, string};
use super::string::RawString;

/// Values nested deeper than this are refused whatever the configuration says: what walks a
/// validated value later may recurse, and its stack must not depend on a setting.
pub const DEEPEST: u32 = 1_024;

/// An open object or array.
#[derive(Clone, Copy)]
struct Frame {
    object: bool,
    /// Where this object's names begin in `Scratch::names`.
    first: usize,
}

/// Memory for checking values, kept between values so that a large batch allocates it once.
#[derive(Default)]
pub(crate) struct Scratch {
    frames: Vec<Frame>,
    /// Fingerprints of the names of all open objects, the innermost last.
    names: Vec<u64>,
}

/// What was found besides that the value is valid.
pub(crate) struct Skipped {
    /// The offset behind the value.
    pub end: usize,
    /// Some object inside has two members of one name.
    pub duplicates: bool,
}

impl Scratch {
    /// Checks the value that begins at `at` (white space already passed), to `limit` levels.
    ///
    /// Two different names may share a fingerprint with a chance of about 2^-64 a pair; then
    /// `duplicates` is true for nothing, which costs the slow path and changes no answer.
    pub(crate) fn skip(&mut self, text: &str, mut at: usize, limit: u32) -> Result<Skipped, Fault> {
        let bytes = text.as_bytes();
        let limit = limit.min(DEEPEST);
        let mut duplicates = false;
        self.frames.clear();
        self.names.clear();
        loop {
            at = match bytes.get(at) {
                Some(b'"') => string(bytes, at + 1)?.0 + 1,
                Some(b'-' | b'0'..=b'9') => number(bytes, at)?,
                Some(open @ (b'{' | b'[')) => {
                    if self.frames.len() >= limit as usize {
                        return fault(at, What::Depth(limit));
                    }
                    let object = *open == b'{';
                    let inside = space(bytes, at + 1);
                    if bytes.get(inside) == Some(&(if object { b'}' } else { b']' })) {
                        inside + 1
                    } else {
                        self.frames.push(Frame { object, first: self.names.len() });
                        at = if object { self.name(text, inside, duplicates)? } else { inside };
                        continue;
                    }
                }
                _ => literal(bytes, at)?,
            };
            // Behind a value: close what ends here, up to the comma before the next one.
            loop {
                let Some(frame) = self.frames.last().copied() else {
                    return Ok(Skipped { end: at, duplicates });
                };
                at = space(bytes, at);
                match (bytes.get(at), frame.object) {
                    (Some(b','), true) => {
                        at = self.name(text, space(bytes, at + 1), duplicates)?;
                        break;
                    }
                    (Some(b','), false) => {
                        at = space(bytes, at + 1);
                        break;
                    }
                    (Some(b'}'), true) => {
                        duplicates = duplicates || repeats(&mut self.names[frame.first..]);
                        self.names.truncate(frame.first);
                    }
                    (Some(b']'), false) => {}
                    (None, _) => return fault(at, What::End),
                    (_, true) => return fault(at, What::CommaOrBrace),
                    (_, false) => return fault(at, What::CommaOrBracket),
                }
                self.frames.pop();
                at += 1;
            }
        }
    }

    /// Checks the member name at `at` and its colon; gives where the member's value begins.
    #[inline]
    fn name(&mut self, text: &str, at: usize, known: bool) -> Result<usize, Fault> {
        let (body, next) = member_name(text, at)?;
        if !known {
            self.names.push(fingerprint(body));
        }
        Ok(next)
    }
}

/// Checks the member name at `at` and its colon; gives the name and where the value begins.
#[inline]
pub(crate) fn member_name(text: &str, at: usize) -> Result<(RawString<'_>, usize), Fault> {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'"') => {}
        None => return fault(at, What::End),
        Some(_) => return fault(at, What::Name),
    }
    let (close, escaped) = string(bytes, at + 1)?;
    let colon = space(bytes, close + 1);
    match bytes.get(colon) {
        Some(b':') => {}
        None => return fault(colon, What::End),
        Some(_) => return fault(colon, What::Colon),
    }
    Ok((RawString::new(&text[at + 1..close], escaped), space(bytes, colon + 1)))
}

/// Whether a value occurs twice; sorts long lists, so that 50,000 members cost no 50,000 squared.
fn repeats(names: &mut [u64]) -> bool {
    if names.len() <= 12 {
        return names.iter().enumerate().any(|(index, name)| names[..index].contains(name));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// A number for a name: equal names give equal numbers, however they are escaped.
#[inline]
fn fingerprint(name: RawString<'_>) -> u64 {
    if name.is_escaped() { mix(name.to_cow().as_bytes()) } else { mix(name.body().as_bytes()) }
}

#[inline]
fn mix(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = bytes.len() as u64;
    let mut take = |word: u64| {
        let wide = u128::from(sum ^ word) * u128::from(FACTOR);
        sum = (wide as u64) ^ ((wide >> 64) as u64).rotate_left(29);
    };
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        take(chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
    take(chunks.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    sum
}
