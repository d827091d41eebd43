"""From the library's errors to the guide's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import lgstore

from . import errors

_VALIDATION = {"invalid_arg", "utf8", "json", "unsupported"}
_PLAIN: dict[str, type[errors.ScyllaDBStoreError]] = {
    "closed": errors.StoreConnectionError,
    "forked": errors.StoreConnectionError,
    "unauthorized": errors.StoreAuthenticationError,
    "circuit_open": errors.CircuitBreakerOpenError,
    "rate_limited": errors.RateLimitExceeded,
    "busy": errors.StoreBusyError,
    "overloaded": errors.StoreUnavailableError,
}
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def translated(
    error: lgstore.LgstoreError, op: str, body: Mapping[str, Any], timeout: float | None = None
) -> errors.ScyllaDBStoreError:
    """The guide's error for one of the library's.

    error: what the library reported.
    op: the operation that failed.
    body: its request, in which the value at fault is looked up.
    timeout: the request's deadline in seconds, if it had one.
    """
    if op == "open" and error.code in _VALIDATION:
        return misconfigured(error)
    details = error.details or {}
    about: dict[str, Any] = {
        "code": error.code,
        "field": error.field,
        "retryable": error.retryable,
        "may_have_applied": error.may_have_applied,
        "retry_after": error.retry_after,
        "details": details,
    }
    text = str(error)
    made: errors.ScyllaDBStoreError
    waited = details["timeout_us"] / 1e6 if "timeout_us" in details else None
    if error.code in _VALIDATION:
        field = error.field or ""
        kind = errors.TTLValidationError if field.rpartition(".")[2] == "ttl" else errors.StoreValidationError
        made = kind(text, value=value_at(body, field) if field else None, **about)
    elif error.code == "timeout":
        made = errors.StoreTimeoutError(
            text, timeout_seconds=timeout if waited is None else waited, operation_type=op, **about
        )
    elif error.code == "unknown_outcome" and (waited is not None or "timeout" in details.get("cause", "")):
        made = errors.StoreWriteTimeoutError(
            text, timeout_seconds=timeout if waited is None else waited, operation_type=op, **about
        )
    elif error.code == "unknown_outcome":
        made = errors.StoreUnknownOutcomeError(text, **about)
    elif error.code == "unavailable":
        # Without figures no node has spoken: there is nobody to talk to.
        replicas = "required" in details or details.get("cause") == "unavailable"
        made = (errors.StoreUnavailableError if replicas else errors.StoreConnectionError)(text, **about)
    elif error.code == "circuit_open":
        made = errors.CircuitBreakerOpenError(f"Circuit breaker is OPEN: {text}", **about)
    else:
        made = _PLAIN.get(error.code, errors.StoreQueryError)(text, **about)
    made.__cause__ = error
    return made


def misconfigured(error: lgstore.LgstoreError) -> errors.ScyllaDBStoreError:
    """The guide's error for options that are wrong."""
    kind = errors.TTLValidationError if error.field == "ttl.default_ttl" else errors.StoreConfigurationError
    made = kind(str(error), code=error.code, field=error.field)
    made.__cause__ = error
    return made


def value_at(body: Any, path: str) -> Any:
    """What stands in a request at a path like ``ops[3].namespace[0]``, or ``None``."""
    for name, index in _STEP.findall(path):
        if isinstance(body, Mapping):
            body = body.get(name)
        elif isinstance(body, (list, tuple)) and index and int(index) < len(body):
            body = body[int(index)]
        else:
            return None
    return body
