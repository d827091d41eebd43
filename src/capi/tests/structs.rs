//! Structs of every size, texts and arrays.

use super::*;
use crate::capi::slice;
use crate::error::Code;

/// Bytes on the heap, as many as there are and no more, so that one read too far is seen.
fn exactly(bytes: &[u8], size: usize) -> Box<[u64]> {
    // Whole words keep it aligned; what a struct must not read lies outside of the allocation only
    // when the size is a multiple of 8, and all of them come by.
    let mut words = vec![0u64; size.div_ceil(8).max(1)].into_boxed_slice();
    for (index, byte) in bytes.iter().enumerate().take(size) {
        words[index / 8] |= u64::from(*byte) << (8 * (index % 8));
    }
    words
}

/// Copies a struct of `size` bytes that holds 1, 2, 3… behind its size.
fn copied<T: Growable>(size: usize, tail: u8) -> crate::error::Result<Vec<u8>> {
    let known = size_of::<T>();
    let mut bytes = size.to_ne_bytes().to_vec();
    bytes.extend((8..known).map(|index| index as u8));
    bytes.resize(size.max(known), 0);
    if size > known {
        bytes[size - 1] = tail;
    }
    let words = exactly(&bytes, size);
    // SAFETY: `size` bytes (at least 8) are readable.
    let copy = unsafe { copy_in(words.as_ptr().cast::<T>()) }?;
    // SAFETY: the structs here have no padding, so every byte is initialised.
    Ok(unsafe { std::slice::from_raw_parts((&raw const copy).cast::<u8>(), known) }.to_vec())
}

fn every_size<T: Growable>() {
    let known = size_of::<T>();
    for size in 0..=known + 40 {
        let copy = copied::<T>(size, 0);
        if size < size_of::<usize>() {
            assert_eq!(copy.expect_err("too short").code(), Code::InvalidArg, "{size}");
            continue;
        }
        let copy = copy.unwrap_or_else(|error| panic!("{size}: {error}"));
        let kept = size.min(known);
        assert_eq!(copy[..8], size.to_ne_bytes(), "{size}");
        assert!((8..kept).all(|index| copy[index] == index as u8), "{size}: {copy:?}");
        assert!(copy[kept..].iter().all(|byte| *byte == 0), "{size}: {copy:?}");
        if size > known {
            let refused = copied::<T>(size, 1).expect_err("a field that is not known");
            assert_eq!(refused.code(), Code::Unsupported, "{size}");
        }
    }
}

#[test]
fn structs_of_every_size_are_copied_within_their_bounds() {
    every_size::<lgstore_request_t>();
    every_size::<lgstore_runtime_options_t>();
}

#[test]
fn a_struct_may_lie_anywhere_and_may_not_be_absurd() {
    let mut bytes = vec![0u8; size_of::<lgstore_request_t>() + 1];
    bytes[1..9].copy_from_slice(&size_of::<lgstore_request_t>().to_ne_bytes());
    // SAFETY: readable for its size, only not aligned.
    assert!(unsafe { copy_in(bytes.as_ptr().wrapping_add(1).cast::<lgstore_request_t>()) }.is_ok());
    for absurd in [usize::MAX, 64 * 1024 + 1] {
        // Only the size itself may be read before it is refused.
        let word = Box::new(absurd);
        // SAFETY: the size is readable.
        let refused = unsafe { copy_in((&raw const *word).cast::<lgstore_request_t>()) };
        assert_eq!(refused.err().map(|error| error.code()), Some(Code::InvalidArg));
    }
    // SAFETY: NULL is allowed.
    assert!(unsafe { copy_in(null::<lgstore_request_t>()) }.is_err());
}

#[test]
fn texts_and_arrays_are_checked_before_they_are_read() {
    // SAFETY: nothing is read where the pointer is NULL or the length 0 or impossible.
    unsafe {
        assert_eq!(slice::bytes(null(), 0, "x").ok(), Some(&b""[..]));
        assert!(slice::bytes(null(), 1, "x").is_err());
        let dangling = std::ptr::NonNull::<u64>::dangling().as_ptr().cast_const();
        assert!(slice::array(dangling, usize::MAX / 8, "x").is_err());
        assert!(slice::array(dangling, 0, "x").is_ok_and(<[u64]>::is_empty));
        let bytes = *b"ab\xff";
        assert_eq!(slice::text(bytes.as_ptr().cast(), 2, "x").ok(), Some("ab"));
        let error = slice::text(bytes.as_ptr().cast(), 3, "x").expect_err("not UTF-8");
        assert_eq!(error.code(), Code::Utf8);
        assert!(error.message().contains("byte 2"), "{error}");
    }
}
