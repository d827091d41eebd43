"""What a pattern of a test vector says of an answer: tests/vectors/README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_VERSION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class DifferentError(AssertionError):
    """An answer is not what the pattern says."""


class Number(str):
    """A number as it is written."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and float(self) == float(other)

    __hash__ = None  # type: ignore[assignment]


def decode(text: bytes | str) -> Any:
    """JSON with numbers as they are written. Of members of one name the last counts."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def time_of(text: object) -> datetime | None:
    """The time that a text is, or None."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    return datetime.fromisoformat(text[:-1] + "+00:00")


class Captures:
    """Texts that a case has met under a name. slack: seconds by which an expiry may be off."""

    def __init__(self, slack: float) -> None:
        self.values: dict[str, str] = {}
        self._expiries: set[str] = set()
        self._slack = slack

    def substitute(self, text: bytes) -> bytes:
        """Puts what was captured where ${name} stands."""
        for name, value in self.values.items():
            text = text.replace(b"${%s}" % name.encode(), value.encode())
        return text

    def _near(self, a: str, b: str) -> bool:
        first, second = time_of(a), time_of(b)
        return bool(first and second and self._slack and abs((first - second).total_seconds()) <= self._slack)

    def check(self, a: str, relation: str, b: str) -> None:
        """Compares two captured texts by their bytes."""
        first, second = self.values[a].encode(), self.values[b].encode()
        order = (first > second) - (first < second)
        if self._expiries & {a, b} and self._near(self.values[a], self.values[b]):
            if relation == "<":
                return
            order = 0
        holds = {"<": order < 0, "<=": order <= 0, "=": order == 0, "!=": order != 0}
        if not holds[relation]:
            raise DifferentError(f"{first!r} {relation} {second!r} is false")

    def between(self, a: str, b: str, seconds: float, within: float) -> None:
        """Checks how far two captured times are apart."""
        first, second = time_of(self.values[a]), time_of(self.values[b])
        assert first is not None
        assert second is not None
        passed = (second - first).total_seconds()
        if abs(passed - seconds) > within + self._slack + 1e-7:
            raise DifferentError(f"{passed} s have passed, not {seconds}")

    def match(self, pattern: Any, got: Any, at: str) -> None:
        """Compares an answer with a pattern; at is where both stand."""
        if isinstance(pattern, dict) and isinstance(got, dict):
            for name in got.keys() - pattern.keys():
                if "$more" not in pattern:
                    raise DifferentError(f"at {at}.{name}: expected nothing, got {got[name]!r}")
            for name in pattern.keys() - {"$more"}:
                if name not in got:
                    raise DifferentError(f"at {at}.{name}: expected {pattern[name]!r}, got nothing")
                self.match(pattern[name], got[name], f"{at}.{name}")
        elif isinstance(pattern, list) and isinstance(got, list) and len(pattern) == len(got):
            for index, (one, other) in enumerate(zip(pattern, got, strict=True)):
                self.match(one, other, f"{at}[{index}]")
        elif type(pattern) is str and pattern.split(":")[0] in _KINDS:
            self._match_kind(pattern, got, at)
        elif type(pattern) is not type(got) or pattern != got:
            raise DifferentError(f"at {at}: expected {pattern!r}, got {got!r}")

    def _match_kind(self, pattern: str, got: Any, at: str) -> None:
        kind, _, name = pattern.partition(":")
        if not _KINDS[kind](got):
            raise DifferentError(f"at {at}: expected {pattern}, got {got!r}")
        if not name:
            return
        expiry = at.endswith(".expires_at")
        if name not in self.values:
            self.values[name] = got
            if expiry:
                self._expiries.add(name)
        elif self.values[name] != got and not (expiry and self._near(self.values[name], got)):
            raise DifferentError(f"at {at}: another than before: {pattern}, was {self.values[name]}, got {got}")


def _is_text(got: Any) -> bool:
    return type(got) is str


_KINDS: dict[str, Callable[[Any], bool]] = {
    "$any": lambda got: True,
    "$time": lambda got: time_of(got) is not None,
    "$version": lambda got: _is_text(got) and _VERSION.fullmatch(got) is not None,
    "$cursor": lambda got: _is_text(got) and got != "",
}
