//! Texts and arrays from C.

use std::ffi::c_char;

use crate::error::{Error, Result};

/// A C array as a slice.
///
/// # Safety
/// `data` is NULL or points at `count` readable values that nobody changes during `'a`.
pub(super) unsafe fn array<'a, T>(data: *const T, count: usize, name: &'static str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::invalid(name, format!("{name} is NULL but its length is {count}")));
    }
    if count == usize::MAX {
        // LGSTORE_STRLEN, from a reader of lgstore_ops.h.
        return Err(Error::invalid(name, format!("{name} needs its length in bytes, as strlen gives it")));
    }
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Error::invalid(name, format!("{name} is longer than memory can be: {count}")));
    }
    // SAFETY: not NULL, within the address space, readable by the contract above.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// Bytes of a text that was given as pointer and length.
///
/// # Safety
/// As for [`array`].
pub(super) unsafe fn bytes<'a>(data: *const c_char, len: usize, name: &'static str) -> Result<&'a [u8]> {
    // SAFETY: by the contract above; c_char and u8 have the same layout.
    unsafe { array(data.cast::<u8>(), len, name) }
}

/// A UTF-8 text that was given as pointer and length.
///
/// # Safety
/// As for [`array`].
pub(super) unsafe fn text<'a>(data: *const c_char, len: usize, name: &'static str) -> Result<&'a str> {
    // SAFETY: by the contract above.
    let bytes = unsafe { bytes(data, len, name) }?;
    simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let text = format!("{name} is not UTF-8 at byte {}", error.valid_up_to());
        Error::new(crate::error::Code::Utf8, text).at(name)
    })
}
