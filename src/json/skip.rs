//! Checks a whole value without building anything: grammar, depth, and members of one name.

use super::scan::{Fault, What, fault, literal, number, space, string};
use super::string::RawString;

/// Values nested deeper than this are refused whatever the configuration says: what walks a
/// validated value later may recurse, and its stack must not depend on a setting.
pub const DEEPEST: u32 = 1_024;

/// Memory for checking values, kept between values so that a large batch allocates it once.
#[derive(Default)]
pub(crate) struct Scratch {
    open: Open,
    names: Names,
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
        self.open.count = 0;
        self.names.clear();
        loop {
            at = match bytes.get(at) {
                Some(b'"') => string(bytes, at + 1)?.0 + 1,
                Some(b'-' | b'0'..=b'9') => number(bytes, at)?,
                Some(bracket @ (b'{' | b'[')) => {
                    if self.open.count >= limit as usize {
                        return fault(at, What::Depth(limit));
                    }
                    let object = *bracket == b'{';
                    let inside = space(bytes, at + 1);
                    if bytes.get(inside) == Some(&(if object { b'}' } else { b']' })) {
                        inside + 1
                    } else {
                        self.open.push(if object { at as u64 } else { ARRAY });
                        at = if object { self.name(text, inside, at as u64)? } else { inside };
                        continue;
                    }
                }
                _ => literal(bytes, at)?,
            };
            // Behind a value: close what ends here, up to the comma before the next one.
            loop {
                let Some(frame) = self.open.last() else {
                    return Ok(Skipped { end: at, duplicates: self.names.repeated });
                };
                at = space(bytes, at);
                match (bytes.get(at), frame) {
                    (Some(b','), ARRAY) => {
                        at = space(bytes, at + 1);
                        break;
                    }
                    (Some(b','), object) => {
                        at = self.name(text, space(bytes, at + 1), object)?;
                        break;
                    }
                    (Some(b']'), ARRAY) => {}
                    (Some(b'}'), object) if object != ARRAY => {}
                    (None, _) => return fault(at, What::End),
                    (_, ARRAY) => return fault(at, What::CommaOrBracket),
                    _ => return fault(at, What::CommaOrBrace),
                }
                self.open.count -= 1;
                at += 1;
            }
        }
    }

    /// Checks the member name at `at` and its colon; gives where the member's value begins.
    #[inline]
    fn name(&mut self, text: &str, at: usize, object: u64) -> Result<usize, Fault> {
        let (name, next) = member_name(text, at)?;
        self.names.add(object, name);
        Ok(next)
    }
}

/// Stands for an array among the open containers; no object begins at this offset.
const ARRAY: u64 = u64::MAX;

/// The containers that are open, the innermost last: an object by its offset, or `ARRAY`.
#[derive(Default)]
struct Open {
    count: usize,
    near: [u64; 16],
    /// Those beyond the first 16; most values never get there, and need no allocation.
    far: Vec<u64>,
}

impl Open {
    #[inline]
    fn push(&mut self, container: u64) {
        match self.near.get_mut(self.count) {
            Some(slot) => *slot = container,
            None => {
                self.far.truncate(self.count - self.near.len());
                self.far.push(container);
            }
        }
        self.count += 1;
    }

    #[inline]
    fn last(&self) -> Option<u64> {
        let index = self.count.checked_sub(1)?;
        Some(if index < self.near.len() { self.near[index] } else { self.far[index - self.near.len()] })
    }
}

/// The names of all objects of a value, each mixed with its object's offset: a hash table with
/// linear probing, at most half full, so that 50,000 members cost no 50,000 squared.
#[derive(Default)]
struct Names {
    /// A power of two of slots, or none yet; 0 is a free one.
    slots: Vec<u64>,
    used: usize,
    repeated: bool,
}

impl Names {
    fn clear(&mut self) {
        // What one large value has left behind is not worth wiping for each small one after it.
        if self.slots.len() > 4_096 {
            self.slots = Vec::new();
        } else if self.used > 0 {
            self.slots.fill(0);
        }
        self.used = 0;
        self.repeated = false;
    }

    #[inline]
    fn add(&mut self, object: u64, name: RawString<'_>) {
        if self.repeated {
            return;
        }
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = if name.is_escaped() {
            fingerprint(object, name.to_cow().as_bytes())
        } else {
            fingerprint(object, name.body().as_bytes())
        };
        self.repeated = insert(&mut self.slots, hash);
        self.used += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![0; (old.len() * 4).max(64)];
        for hash in old.into_iter().filter(|hash| *hash != 0) {
            insert(&mut self.slots, hash);
        }
    }
}

/// Puts a hash into its slot; says whether it was there.
#[inline]
fn insert(slots: &mut [u64], hash: u64) -> bool {
    let mask = slots.len() - 1;
    let mut slot = hash as usize & mask;
    loop {
        match slots[slot] {
            0 => {
                slots[slot] = hash;
                return false;
            }
            found if found == hash => return true,
            _ => slot = (slot + 1) & mask,
        }
    }
}

/// A number for a name in one object, never 0: equal names of one object give equal numbers.
#[inline]
fn fingerprint(object: u64, name: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    // Spread over all bits: a length in the low bits could cancel out against the last character.
    let mut sum = object.wrapping_add((name.len() as u64) << 48).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mut take = |word: u64| {
        let wide = u128::from(sum ^ word ^ FACTOR) * u128::from(FACTOR);
        sum = (wide as u64) ^ ((wide >> 64) as u64);
    };
    let mut rest = name;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        take(u64::from_le_bytes(*chunk));
        rest = behind;
    }
    // What is left, read in pieces that overlap; the length is in the sum, so nothing is confused.
    take(match (rest.first_chunk::<4>(), rest.last_chunk::<4>(), rest) {
        (Some(head), Some(tail), _) => {
            u64::from(u32::from_le_bytes(*head)) << 32 | u64::from(u32::from_le_bytes(*tail))
        }
        (_, _, [first, .., last]) => {
            u64::from(*first) << 16 | u64::from(rest[rest.len() / 2]) << 8 | u64::from(*last)
        }
        (_, _, [only]) => u64::from(*only),
        _ => 0,
    });
    sum | 1 << 63
}

/// Checks the member name at `at` and its colon; gives the name and where the value begins.
///
/// Always inlined: its result is too large for registers, and passing it through memory was
/// measured at a third of the whole check.
#[inline(always)]
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
