//! What can go wrong, in one type that every layer shares and every binding sees.
//!
//! The numbers are part of the ABI: they are never renumbered or reused (see `RESERVED`).

use std::borrow::Cow;
use std::fmt;

/// Result of anything in the core.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, retryable: $retry:literal;)*) => {
        /// Status numbers of the C ABI. `0` is success; positive low numbers are described per range:
        /// 1-99 the caller's mistake, 100-199 life cycle, 200-299 data, 300-399 backend, 900-999 a bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Code { $($(#[$doc])* $variant = $number,)* }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name in error documents and in `lgstore_status_name`, for example `"invalid_arg"`.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The name with a NUL behind it, for C.
            pub const fn name_with_nul(self) -> &'static str {
                match self { $(Code::$variant => concat!($name, "\0"),)* }
            }

            /// Whether the same request may succeed when it is sent again unchanged.
            pub const fn retryable(self) -> bool {
                match self { $(Code::$variant => $retry,)* }
            }

            /// The code with this status number.
            pub fn from_status(status: i32) -> Option<Code> {
                Code::ALL.iter().copied().find(|code| code.status() == status)
            }
        }
    };
}

codes! {
    /// An argument is missing, of the wrong type or out of its limits; `field` names it.
    InvalidArg = 1, "invalid_arg", retryable: false;
    /// A text is not UTF-8.
    Utf8 = 2, "utf8", retryable: false;
    /// A text is not the JSON that is asked for (syntax, depth, lone surrogates).
    Json = 3, "json", retryable: false;
    /// The operation, field value or struct version is not known to this library.
    Unsupported = 4, "unsupported", retryable: false;
    /// Header and library do not fit.
    AbiMismatch = 5, "abi_mismatch", retryable: false;
    /// A blocking call on one of the library's own threads.
    WouldDeadlock = 6, "would_deadlock", retryable: false;
    /// The store or runtime is closed or closing.
    Closed = 100, "closed", retryable: false;
    /// The handle was made before a `fork()`; open a new one in the child.
    Forked = 101, "forked", retryable: false;
    /// Too many requests or bytes in flight; nothing was taken.
    Busy = 102, "busy", retryable: true;
    /// The deadline passed; surely not applied.
    Timeout = 103, "timeout", retryable: true;
    /// Cancelled by the caller; surely not applied.
    Cancelled = 104, "cancelled", retryable: false;
    /// The thing asked for does not exist (an operation id, a file); an absent item is not an error.
    NotFound = 200, "not_found", retryable: false;
    /// The stored data contradicts the request (a foreign or newer file, another format setting).
    Conflict = 201, "conflict", retryable: false;
    /// Stored bytes are not what was written: a corrupt file, a value that is not a JSON object.
    Corrupt = 202, "corrupt", retryable: false;
    /// The engine can't serve now (file locked, disk full, I/O error, no connection); not applied.
    Unavailable = 300, "unavailable", retryable: true;
    /// Refused by the rate limiter; `retry_after_ms` says when.
    RateLimited = 301, "rate_limited", retryable: true;
    /// The write may or may not have been applied.
    UnknownOutcome = 302, "unknown_outcome", retryable: false;
    /// No space is left for the write; not applied.
    Full = 303, "full", retryable: true;
    /// The file or medium is read-only; not applied.
    ReadOnly = 304, "read_only", retryable: false;
    /// The engine reported an error without a better name.
    Backend = 305, "backend", retryable: false;
    /// Wrong or missing credentials, or no right to do this; not applied.
    Unauthorized = 306, "unauthorized", retryable: false;
    /// The cluster is overloaded and refused the request; not applied.
    Overloaded = 307, "overloaded", retryable: true;
    /// The circuit breaker is open; nothing was sent. `retry_after_ms` says when it tries again.
    CircuitOpen = 308, "circuit_open", retryable: true;
    /// A panic was caught; the request's outcome is what the message says.
    Panic = 900, "panic", retryable: false;
    /// An earlier panic left shared state in doubt; only close is possible.
    Poisoned = 901, "poisoned", retryable: false;
}

impl Code {
    /// The number at the C boundary.
    pub const fn status(self) -> i32 {
        self as i32
    }
}

/// An error with its code, the field it speaks of, a message for people, and what to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    field: Option<String>,
    may_have_applied: bool,
    retry_after_ms: Option<u64>,
    /// A JSON object as text, for example `{"limit":1000000}`.
    details: Option<String>,
}

impl Error {
    /// A new error; `message` is for people and names values and limits.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let may_have_applied = matches!(code, Code::UnknownOutcome);
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                field: None,
                may_have_applied,
                retry_after_ms: None,
                details: None,
            }),
        }
    }

    /// A validation error of one field (`InvalidArg`).
    pub fn invalid(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidArg, message).at(field)
    }

    /// Names the field, as a path in the request: `namespace[2]`, `filter.$and[0].age`, `ops[3].ttl`.
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.inner.field = Some(field.into());
        self
    }

    /// Puts `prefix` before the field's path, for errors found inside a part of the request.
    pub fn inside(mut self, prefix: &str) -> Self {
        let field = match self.inner.field.take() {
            None => prefix.to_owned(),
            Some(path) if path.starts_with('[') => format!("{prefix}{path}"),
            Some(path) => format!("{prefix}.{path}"),
        };
        self.inner.field = Some(field);
        self
    }

    /// Adds machine-readable details, a JSON object as text.
    pub fn with_details(mut self, json_object: String) -> Self {
        self.inner.details = Some(json_object);
        self
    }

    /// Says when the caller may try again, in milliseconds.
    pub fn with_retry_after_ms(mut self, ms: u64) -> Self {
        self.inner.retry_after_ms = Some(ms);
        self
    }

    /// Marks that the write may have been applied although the request failed.
    pub fn may_have_applied(mut self) -> Self {
        self.inner.may_have_applied = true;
        self
    }

    /// Whether the write may have been applied although the request failed.
    pub fn is_in_doubt(&self) -> bool {
        self.inner.may_have_applied
    }

    /// When the caller may try again, in milliseconds, if the error says so.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.inner.retry_after_ms
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The path of the field the error speaks of.
    pub fn field(&self) -> Option<&str> {
        self.inner.field.as_deref()
    }

    /// The error document:
    /// `{"code","message","field"?,"retryable","may_have_applied","retry_after_ms"?,"details"?}`.
    pub fn to_json(&self) -> String {
        use crate::json::text::push_string;
        let inner = &*self.inner;
        let mut out = String::with_capacity(96 + inner.message.len());
        out.push_str("{\"code\":");
        push_string(&mut out, inner.code.name());
        out.push_str(",\"message\":");
        push_string(&mut out, &inner.message);
        if let Some(field) = &inner.field {
            out.push_str(",\"field\":");
            push_string(&mut out, field);
        }
        out.push_str(if inner.code.retryable() { ",\"retryable\":true" } else { ",\"retryable\":false" });
        out.push_str(if inner.may_have_applied {
            ",\"may_have_applied\":true"
        } else {
            ",\"may_have_applied\":false"
        });
        if let Some(ms) = inner.retry_after_ms {
            out.push_str(",\"retry_after_ms\":");
            out.push_str(&ms.to_string());
        }
        if let Some(details) = &inner.details {
            out.push_str(",\"details\":");
            out.push_str(details);
        }
        out.push('}');
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field() {
            Some(field) => write!(f, "{}: {}: {}", self.code().name(), field, self.message()),
            None => write!(f, "{}: {}", self.code().name(), self.message()),
        }
    }
}

impl std::error::Error for Error {}
