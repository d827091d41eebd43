//! JSON numbers as decimals of any size: no floats, and exponents are never written out.

use std::cmp::Ordering;
use std::hash::Hasher;

/// A number taken apart. Zero has no digits and no sign: `-0.0` equals `0`.
struct Decimal<'a> {
    negative: bool,
    /// Significant digits: these two one after the other, no zero at either end.
    head: &'a [u8],
    tail: &'a [u8],
    /// Digits before the decimal point when written without exponent (may be negative).
    point: i64,
    /// The exponent as written, added to `point`; its text may be longer than any integer type.
    exponent: Exponent<'a>,
}

#[derive(Clone, Copy)]
struct Exponent<'a> {
    negative: bool,
    /// Digits without zeros in front.
    digits: &'a [u8],
}

fn strip_front(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn strip_back(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

impl<'a> Decimal<'a> {
    /// `text` is a valid JSON number.
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, bytes),
        };
        let split = rest.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(rest.len());
        let (mantissa, exponent) = rest.split_at(split);
        let dot = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let whole = strip_front(&mantissa[..dot]);
        let mut fraction = strip_back(mantissa.get(dot + 1..).unwrap_or(&[]));
        let mut point = whole.len() as i64;
        let mut head = whole;
        if whole.is_empty() {
            let digits = strip_front(fraction);
            point = -((fraction.len() - digits.len()) as i64);
            fraction = digits;
        } else if fraction.is_empty() {
            head = strip_back(whole);
        }
        if head.is_empty() && fraction.is_empty() {
            let none = Exponent { negative: false, digits: &[] };
            return Self { negative: false, head: &[], tail: &[], point: 0, exponent: none };
        }
        Self { negative, head, tail: fraction, point, exponent: Exponent::new(exponent) }
    }

    fn is_zero(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> + 'a {
        self.head.iter().chain(self.tail).copied()
    }

    fn sign(&self) -> i32 {
        if self.is_zero() {
            0
        } else if self.negative {
            -1
        } else {
            1
        }
    }

    /// Compares without the sign; neither is zero.
    fn compare_magnitude(&self, other: &Decimal<'_>) -> Ordering {
        let exponents = self.exponent.minus(other.exponent);
        // Points are bounded by the texts' lengths, far below the difference's saturation.
        let points = other.point - self.point;
        exponents.cmp(&points).then_with(|| self.digits().cmp(other.digits()))
    }
}

/// Beyond this a difference of exponents is as good as infinite; ten times it still fits.
const FAR: i64 = 100_000_000_000_000_000;

impl<'a> Exponent<'a> {
    /// From `e+12`, or nothing.
    fn new(text: &'a [u8]) -> Self {
        let (negative, digits) = match text {
            [_, b'-', digits @ ..] => (true, digits),
            [_, b'+', digits @ ..] | [_, digits @ ..] => (false, digits),
            [] => (false, text),
        };
        Self { negative, digits: strip_front(digits) }
    }

    /// The digit with this many digits behind it, with the exponent's sign.
    fn digit(&self, behind: usize) -> i64 {
        let digit = match self.digits.len().checked_sub(behind + 1) {
            Some(index) => i64::from(self.digits[index] - b'0'),
            None => 0,
        };
        if self.negative { -digit } else { digit }
    }

    /// The difference, saturated at ±`FAR`: digit by digit, so that no length overflows. A partial
    /// sum of three or more can only grow in size, whatever digits follow.
    fn minus(self, other: Exponent<'_>) -> i64 {
        let mut sum = 0i64;
        for behind in (0..self.digits.len().max(other.digits.len())).rev() {
            sum = sum * 10 + self.digit(behind) - other.digit(behind);
            if sum.abs() >= FAR {
                return FAR * sum.signum();
            }
        }
        sum
    }

    /// The exponent modulo the prime 2^61 - 1: canonical for a hash, whatever its length.
    fn residue(&self) -> i64 {
        let value = self
            .digits
            .iter()
            .fold(0u64, |sum, digit| (u128::from(sum) * 10 + u128::from(digit - b'0')).rem_prime());
        if self.negative { -(value as i64) } else { value as i64 }
    }
}

const PRIME: i64 = (1 << 61) - 1;

trait RemPrime {
    fn rem_prime(self) -> u64;
}

impl RemPrime for u128 {
    fn rem_prime(self) -> u64 {
        (self % PRIME as u128) as u64
    }
}

/// The number as `i64` if it is written as a plain integer of at most 18 digits.
#[inline]
pub fn small_integer(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut sum = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + i64::from(digit);
    }
    Some(if negative { -sum } else { sum })
}

/// Compares two JSON numbers by value, exactly. Both texts are valid JSON numbers.
pub fn compare(a: &str, b: &str) -> Ordering {
    if let (Some(a), Some(b)) = (small_integer(a), small_integer(b)) {
        return a.cmp(&b);
    }
    let (a, b) = (Decimal::new(a), Decimal::new(b));
    match a.sign().cmp(&b.sign()) {
        Ordering::Equal => match a.sign() {
            0 => Ordering::Equal,
            1 => a.compare_magnitude(&b),
            _ => b.compare_magnitude(&a),
        },
        unequal => unequal,
    }
}

/// Feeds a number to a hash: equal numbers give equal input, however they are spelled.
pub fn hash(text: &str, hasher: &mut impl Hasher) {
    let number = Decimal::new(text);
    hasher.write(&[(number.sign() + 1) as u8]);
    let mut digits = 0u64;
    for digit in number.digits() {
        hasher.write(&[digit]);
        digits += 1;
    }
    hasher.write(&digits.to_le_bytes());
    let exponent = (number.exponent.residue() + number.point).rem_euclid(PRIME);
    hasher.write(&exponent.to_le_bytes());
}

/// A number where an integer from 0 is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    /// An integer, in whatever spelling (`10`, `10.0`, `1e1`).
    Exactly(u64),
    /// Below zero.
    Negative,
    /// With a fraction.
    Fractional,
    /// Above `u64`.
    Huge,
}

/// Reads a number as an integer from 0, exactly.
pub fn integer(text: &str) -> Integer {
    match scaled(text, 0) {
        Scaled::Exactly(number) => Integer::Exactly(number),
        Scaled::Above(_) => Integer::Fractional,
        Scaled::Negative => Integer::Negative,
        Scaled::Huge => Integer::Huge,
    }
}

/// The number times a power of ten, in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaled {
    /// Exactly this.
    Exactly(u64),
    /// More than this, and less than one more.
    Above(u64),
    /// Below zero.
    Negative,
    /// Above `u64`.
    Huge,
}

/// The number times ten to the power of `places`, exactly: times in milliseconds from seconds.
pub fn scaled(text: &str, places: i64) -> Scaled {
    let number = Decimal::new(text);
    if number.is_zero() {
        return Scaled::Exactly(0);
    }
    if number.negative {
        return Scaled::Negative;
    }
    let zero = Exponent { negative: false, digits: &[] };
    let point = number.exponent.minus(zero).saturating_add(number.point).saturating_add(places);
    if point > 20 {
        return Scaled::Huge;
    }
    let mut digits = number.digits();
    let mut whole = 0u64;
    for _ in 0..point.max(0) {
        let digit = u64::from(digits.next().unwrap_or(b'0') - b'0');
        match whole.checked_mul(10).and_then(|shifted| shifted.checked_add(digit)) {
            Some(sum) => whole = sum,
            None => return Scaled::Huge,
        }
    }
    // No zero ends the digits: any that is left makes a fraction.
    if digits.next().is_some() { Scaled::Above(whole) } else { Scaled::Exactly(whole) }
}
