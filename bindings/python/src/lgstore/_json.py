"""JSON, exactly: what is not JSON is refused with its path, integers keep their size, floats their value."""

from __future__ import annotations

import json
import marshal
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

import orjson

__all__ = ["dumps", "loads"]

# What orjson would write although it is not JSON goes to plain() instead.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
# Deeper values are refused by the library; this bound keeps the walk here from running out of stack.
_DEPTH = 200


def dumps(value: Any, path: str = "$") -> bytes:
    """Writes a value as JSON in UTF-8, members in their order.

    dict, list, tuple, str, int, float, bool and None, and subclasses of them that are not enums; a Mapping
    at the top. Anything else is a TypeError that names the path; NaN, infinities and lone surrogates are
    a ValueError.
    """
    try:
        text = orjson.dumps(value, None, _OPTIONS)
        if type(value) is str or type(value) is int:
            return text
        # marshal knows the built-in types and no others: it finds UUIDs and enums, which orjson writes.
        marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return _slow(value, path)
    # null is what orjson writes for NaN, too. Reading it back costs a tenth of looking for it; tuples differ as
    # well, and then it is looked for.
    if b"null" in text and orjson.loads(text) != value:
        plain(value, path)
    return text


def _slow(value: Any, path: str) -> bytes:
    if isinstance(value, Mapping) and not isinstance(value, dict):
        value = dict(value)
    made = plain(value, path)
    try:
        return orjson.dumps(made)
    except TypeError:  # integers beyond 64 bits, or a lone surrogate
        return json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def plain(value: Any, path: str = "$", depth: int = 0) -> Any:
    """The value in built-in types only; what is not JSON is refused with its path."""
    if depth > _DEPTH:
        raise ValueError(f"{path}: nested deeper than {_DEPTH}")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Enum):
        raise TypeError(f"{path}: {type(value).__name__} is not JSON; use its value")
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path}: {value!r} is not JSON")
        return float(value)
    if isinstance(value, dict):
        return {_name(name, path): plain(member, f"{path}.{name}", depth + 1) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element, f"{path}[{index}]", depth + 1) for index, element in enumerate(value)]
    raise TypeError(f"{path}: {type(value).__name__} is not JSON")


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: a lone surrogate is not UTF-8") from None
    return str.__str__(value)


def _name(name: Any, path: str) -> str:
    if not isinstance(name, str) or isinstance(name, Enum):
        raise TypeError(f"{path}: the member name {name!r} is {type(name).__name__}, not a string")
    return _text(name, path)


def loads(text: bytes | bytearray | memoryview | str) -> Any:
    """Reads JSON. Integers of any size stay integers."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(bytes(text) if isinstance(text, memoryview) else text)
    # An integer beyond 64 bits, which orjson reads as a float, has 19 digits in a row or more.
    found = text.translate(_ONLY_DIGITS) if type(text) is bytes else _NINETEEN
    if _NINETEEN in found and _huge(value):
        return json.loads(bytes(text) if isinstance(text, memoryview) else text)
    return value


_ONLY_DIGITS = bytes(ord("0") if ord("0") <= byte <= ord("9") else ord(" ") for byte in range(256))
_NINETEEN = b"0" * 19


def _huge(value: Any) -> bool:
    """Whether there is a float that may stand for an integer beyond 64 bits."""
    kind = type(value)
    if kind is dict:
        return any(map(_huge, value.values()))
    if kind is list:
        return any(map(_huge, value))
    return kind is float and abs(value) >= 9e18
