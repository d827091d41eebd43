//! Versions: callable before anything else, on any thread, also after fork.

use std::ffi::c_char;

use super::status::*;
use crate::error::Code;

/// Major version of the library, 0 before the first stable release.
pub const LGSTORE_VERSION_MAJOR: u32 = 0;
/// Minor version.
pub const LGSTORE_VERSION_MINOR: u32 = 1;
/// Patch version.
pub const LGSTORE_VERSION_PATCH: u32 = 0;
/// major * 1000000 + minor * 1000 + patch.
pub const LGSTORE_VERSION_NUMBER: u32 = 1000;
/// The ABI: functions, constants and struct fields are only ever added to one number.
pub const LGSTORE_ABI_VERSION: u32 = 1;

const _: () = assert!(
    LGSTORE_VERSION_NUMBER
        == LGSTORE_VERSION_MAJOR * 1_000_000 + LGSTORE_VERSION_MINOR * 1_000 + LGSTORE_VERSION_PATCH
);

/// [nb] The ABI number of the library that is loaded.
#[unsafe(no_mangle)]
pub extern "C" fn lgstore_abi_version() -> u32 {
    LGSTORE_ABI_VERSION
}

/// [nb] The version of the library that is loaded, "major.minor.patch"; static.
#[unsafe(no_mangle)]
pub extern "C" fn lgstore_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// [nb] Whether a program built with a header of this ABI and version may use this library: the same
/// ABI number, and a library at least as new as the header. Bindings call
/// `lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER)` once when they load.
/// LGSTORE_OK or LGSTORE_E_ABI_MISMATCH.
#[unsafe(no_mangle)]
pub extern "C" fn lgstore_abi_check(header_abi: u32, header_version_number: u32) -> lgstore_status_t {
    let fits = header_abi == LGSTORE_ABI_VERSION && header_version_number <= LGSTORE_VERSION_NUMBER;
    if fits { LGSTORE_OK } else { LGSTORE_E_ABI_MISMATCH }
}

/// [nb] The name of a status number, for example "invalid_arg"; "unknown" for others; static.
#[unsafe(no_mangle)]
pub extern "C" fn lgstore_status_name(status: lgstore_status_t) -> *const c_char {
    let name = match status {
        LGSTORE_OK => "ok\0",
        LGSTORE_DONE => "done\0",
        _ => Code::from_status(status).map_or("unknown\0", Code::name_with_nul),
    };
    name.as_ptr().cast()
}
