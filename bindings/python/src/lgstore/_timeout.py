"""Timeouts in seconds, as the library counts them."""

from __future__ import annotations

from .error import ValidationError

_WITHOUT_END = 2**64 - 1
_LONGEST = 1e12


def of_request(timeout: float | None) -> int:
    """Microseconds that a request may take; 0 = the store's default."""
    if timeout is None:
        return 0
    if not _is_number(timeout) or not 0 < timeout <= _LONGEST:
        raise ValidationError("invalid_arg", f"must be a number of seconds above 0, not {timeout!r}", field="timeout")
    return max(1, int(timeout * 1e6))


def of_end(timeout: float | None) -> int:
    """Microseconds that an end may take: of a store, of a runtime. None = without end."""
    if timeout is None:
        return _WITHOUT_END
    if not _is_number(timeout) or not 0 <= timeout <= _LONGEST:
        raise ValidationError("invalid_arg", f"must be a number of seconds, not {timeout!r}", field="timeout")
    return int(timeout * 1e6)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
