"""What can go wrong: one exception, :class:`LgstoreError`, with subclasses for the cases that programs catch."""

from __future__ import annotations

from typing import Any

from . import _json
from ._capi import ffi, lib

__all__ = [
    "BackendError",
    "BusyError",
    "CancelledError",
    "CircuitOpenError",
    "ClosedError",
    "ConflictError",
    "CorruptError",
    "DeadlineError",
    "ForkedError",
    "LgstoreError",
    "NotFoundError",
    "RateLimitedError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOutcomeError",
    "UnsupportedError",
    "ValidationError",
]


class LgstoreError(Exception):
    """Why an operation failed. What is not caught by one of the subclasses is this class itself."""

    code: str
    """The kind of failure: the name of a status of the C library in small letters, ``"invalid_arg"``."""
    status: int
    """Its number, which never changes."""
    message: str
    """What happened, for people."""
    op: str | None
    """The operation that failed, ``"put"``; None where there was none, as in a store's configuration."""
    field: str | None
    """The path of the member of the request or configuration that is at fault."""
    retryable: bool
    """The same request may succeed when it is sent again unchanged."""
    may_have_applied: bool
    """A write may have taken effect all the same."""
    retry_after: float | None
    """Seconds to wait before that, where the library knows."""
    details: dict[str, Any] | None
    """More about it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        op: str | None = None,
        field: str | None = None,
        retryable: bool = False,
        may_have_applied: bool = False,
        retry_after: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        where = ": ".join(part for part in (op, code, field) if part)
        super().__init__(f"{where}: {message}")
        self.code = code
        self.status = STATUSES.get(code, STATUSES["backend"])
        self.message = message
        self.op = op
        self.field = field
        self.retryable = retryable
        self.may_have_applied = may_have_applied
        self.retry_after = retry_after
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross processes (multiprocessing, pytest-xdist) by pickle.
        return _rebuild, (type(self), self.__dict__.copy(), self.args)


def _rebuild(kind: type[LgstoreError], members: dict[str, Any], args: tuple[Any, ...]) -> LgstoreError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(members)
    return error


class ValidationError(LgstoreError, ValueError):
    """An argument or a field of the configuration is wrong; ``field`` names it. (invalid_arg, utf8, json)"""


class UnsupportedError(LgstoreError):
    """The operation or value is not known to this library, or not to this backend. (unsupported)"""


class ClosedError(LgstoreError):
    """The store or runtime is closed or closing. (closed)"""


class ForkedError(LgstoreError):
    """The store was made before the process was forked: make a new one in the child. (forked)"""


class BusyError(LgstoreError):
    """Too many requests or bytes are in flight; nothing was taken. (busy)"""


class DeadlineError(LgstoreError, TimeoutError):
    """The deadline passed; surely not applied. (timeout)"""


class CancelledError(LgstoreError):
    """Cancelled inside the library; surely not applied. Not asyncio's, which a cancelled await raises. (cancelled)"""


class NotFoundError(LgstoreError):
    """Something named in the request, a file say, does not exist. An absent item is None. (not_found)"""


class ConflictError(LgstoreError):
    """The stored data contradicts the request: a foreign or newer file. (conflict)"""


class CorruptError(LgstoreError):
    """Stored bytes are damaged. (corrupt)"""


class BackendError(LgstoreError):
    """The engine failed: full, read_only, backend, or one of the subclasses."""


class UnavailableError(BackendError):
    """The engine can't serve now; not applied. (unavailable, overloaded)"""


class CircuitOpenError(UnavailableError):
    """The circuit breaker is open; nothing was sent. (circuit_open)"""


class RateLimitedError(LgstoreError):
    """Refused by the rate limiter; ``retry_after`` says when to come again. (rate_limited)"""


class UnauthorizedError(BackendError):
    """Wrong or missing credentials, or no right to do this; not applied. (unauthorized)"""


class UnknownOutcomeError(LgstoreError):
    """The write may or may not have been applied. (unknown_outcome)"""


_CLASSES: dict[str, type[LgstoreError]] = {
    "invalid_arg": ValidationError,
    "utf8": ValidationError,
    "json": ValidationError,
    "unsupported": UnsupportedError,
    "closed": ClosedError,
    "forked": ForkedError,
    "busy": BusyError,
    "timeout": DeadlineError,
    "cancelled": CancelledError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "corrupt": CorruptError,
    "unavailable": UnavailableError,
    "overloaded": UnavailableError,
    "circuit_open": CircuitOpenError,
    "rate_limited": RateLimitedError,
    "unknown_outcome": UnknownOutcomeError,
    "unauthorized": UnauthorizedError,
    "full": BackendError,
    "read_only": BackendError,
    "backend": BackendError,
}

STATUSES: dict[str, int] = {
    ffi.string(lib.lgstore_status_name(number)).decode(): number
    for number in (getattr(lib, name) for name in dir(lib) if name.startswith("LGSTORE_E_"))
}

_MESSAGES = {
    "closed": "the store is closed",
    "busy": "too many requests or bytes are in flight",
    "forked": "the store was made before a fork; make a new one in the child",
    "unsupported": "the library does not know this operation",
    "would_deadlock": "this would wait for itself: it was called inside a log handler",
    "timeout": "not in time",
}
_RETRYABLE = {"busy", "timeout"}


def refusal(status: int, op: str | None = None) -> LgstoreError:
    """The error of a status that comes without a document."""
    code = ffi.string(lib.lgstore_status_name(status)).decode()
    message = _MESSAGES.get(code, "the request was refused")
    return _CLASSES.get(code, LgstoreError)(code, message, op=op, retryable=code in _RETRYABLE)


def from_document(document: bytes | dict[str, Any], op: str | None = None) -> LgstoreError:
    """The error that the library's document describes."""
    read: dict[str, Any] = _json.loads(document) if isinstance(document, bytes) else document
    after_ms = read.get("retry_after_ms")
    return _CLASSES.get(read["code"], LgstoreError)(
        read["code"],
        read["message"],
        op=op,
        field=read.get("field"),
        retryable=read["retryable"],
        may_have_applied=read["may_have_applied"],
        retry_after=None if after_ms is None else after_ms / 1000,
        details=read.get("details"),
    )


def take(error: ffi.CData, status: int) -> LgstoreError:
    """The exception of an owned lgstore_error_t, which is freed; of the status where there is none."""
    if error == ffi.NULL:
        return refusal(status)
    length = ffi.new("size_t *")
    document = ffi.buffer(lib.lgstore_error_json(error, length), length[0])[:]
    lib.lgstore_error_free(error)
    return from_document(document)
