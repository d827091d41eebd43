//! Status numbers. One list with `error::Code`; a test compares them.

/// 0 or one of the LGSTORE_E_ numbers; LGSTORE_DONE where a function says so.
pub type lgstore_status_t = i32;

/// Success; for lgstore_submit: accepted, one completion will come.
pub const LGSTORE_OK: lgstore_status_t = 0;
/// lgstore_submit answered at once; no completion comes.
pub const LGSTORE_DONE: lgstore_status_t = 1000;

/* 1-99: the caller's mistake. */
/// An argument is missing, of the wrong type or out of its limits.
pub const LGSTORE_E_INVALID_ARG: lgstore_status_t = 1;
/// A text is not UTF-8.
pub const LGSTORE_E_UTF8: lgstore_status_t = 2;
/// A text is not the JSON that is asked for.
pub const LGSTORE_E_JSON: lgstore_status_t = 3;
/// The operation, field value or struct size is not known to this library.
pub const LGSTORE_E_UNSUPPORTED: lgstore_status_t = 4;
/// Header and library do not fit.
pub const LGSTORE_E_ABI_MISMATCH: lgstore_status_t = 5;
/// A blocking function on a thread of the library.
pub const LGSTORE_E_WOULD_DEADLOCK: lgstore_status_t = 6;

/* 100-199: life cycle. */
/// The store or runtime is closed or closing.
pub const LGSTORE_E_CLOSED: lgstore_status_t = 100;
/// The handle was made before fork().
pub const LGSTORE_E_FORKED: lgstore_status_t = 101;
/// Too many requests or bytes in flight; nothing was taken.
pub const LGSTORE_E_BUSY: lgstore_status_t = 102;
/// The deadline passed; surely not applied.
pub const LGSTORE_E_TIMEOUT: lgstore_status_t = 103;
/// Cancelled; surely not applied.
pub const LGSTORE_E_CANCELLED: lgstore_status_t = 104;

/* 200-299: data. */
/// Something named in the request does not exist. An absent item is not an error.
pub const LGSTORE_E_NOT_FOUND: lgstore_status_t = 200;
/// The stored data contradicts the request: a foreign or newer file.
pub const LGSTORE_E_CONFLICT: lgstore_status_t = 201;
/// Stored bytes are damaged.
pub const LGSTORE_E_CORRUPT: lgstore_status_t = 202;

/* 300-399: backend. */
/// The engine can't serve now; not applied.
pub const LGSTORE_E_UNAVAILABLE: lgstore_status_t = 300;
/// Refused by the rate limiter.
pub const LGSTORE_E_RATE_LIMITED: lgstore_status_t = 301;
/// The write may or may not have been applied.
pub const LGSTORE_E_UNKNOWN_OUTCOME: lgstore_status_t = 302;
/// No space left; not applied.
pub const LGSTORE_E_FULL: lgstore_status_t = 303;
/// File or medium is read-only; not applied.
pub const LGSTORE_E_READ_ONLY: lgstore_status_t = 304;
/// An engine error without a better name.
pub const LGSTORE_E_BACKEND: lgstore_status_t = 305;
/// Wrong or missing credentials, or no right to do this; not applied.
pub const LGSTORE_E_UNAUTHORIZED: lgstore_status_t = 306;
/// The cluster is overloaded and refused the request; not applied.
pub const LGSTORE_E_OVERLOADED: lgstore_status_t = 307;
/// The circuit breaker is open; nothing was sent.
pub const LGSTORE_E_CIRCUIT_OPEN: lgstore_status_t = 308;

/* 900-999: a bug. */
/// A panic was caught.
pub const LGSTORE_E_PANIC: lgstore_status_t = 900;
/// An earlier panic left shared state in doubt; only close is possible.
pub const LGSTORE_E_POISONED: lgstore_status_t = 901;
