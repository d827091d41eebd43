"""JSON, exactly: what is not JSON is refused with its path, integers keep their size, floats their value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

__all__ = ["dumps", "loads"]

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_only_strings = frozenset((str,)).issuperset
_only_floats = frozenset((float,)).issuperset
# Deeper values are refused by the library; this bound keeps the walk here from running out of stack.
_DEPTH = 200


def dumps(value: Any, path: str = "value") -> bytes:
    """Writes a value as JSON in UTF-8, members in their order.

    dict, list, tuple, str, int, float, bool and None, and subclasses of them that are not enums; a Mapping
    at the top. Anything else is a TypeError that names its path, which begins with `path`; NaN, infinities
    and lone surrogates are a ValueError that does.
    """
    made = value if is_json(value) else plain(value, path)
    try:
        return encode(made)
    except (UnicodeEncodeError, RecursionError):
        plain(value, path)  # finds the text, or what is too deep, and names it
        raise


def loads(text: bytes | bytearray | memoryview | str) -> Any:
    """Reads JSON. Integers keep their size, up to the 4,300 digits that Python reads."""
    return _decode(text)


def is_json(value: Any) -> bool:
    """Whether a value is of the built-in types of JSON all through: then the encoder writes just that.

    Without this the encoder would write dates, sets, UUIDs, enums and NaN as something else, silently. It is
    as much work as writing the value, so it is written for speed: one loop, exact types, no calls.
    """
    kind = type(value)
    if kind is not dict and kind is not list and kind is not tuple:
        return kind is str or kind is int or kind is bool or value is None or (kind is float and value - value == 0.0)
    containers = [value]
    for container in containers:
        if type(container) is dict:
            if not _only_strings(map(type, container)):
                return False
            container = container.values()
        elif len(container) > 32 and _only_floats(map(type, container)):  # an embedding
            if not math.isfinite(sum(container)) and not all(map(math.isfinite, container)):
                return False
            continue
        for member in container:
            kind = type(member)
            if kind is str or kind is int or kind is bool or member is None:
                continue
            if kind is dict or kind is list or kind is tuple:
                # More containers than this are a cycle, or plain() says that they are not.
                if len(containers) > 100_000:
                    return False
                containers.append(member)
            elif kind is not float or member - member != 0.0:
                return False
    return True


def plain(value: Any, path: str, depth: int = 0) -> Any:
    """The value in built-in types only; what is not JSON is refused with its path."""
    if depth > _DEPTH:
        raise ValueError(f"{path[:200]}...: nested deeper than {_DEPTH}")
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Enum):
        raise TypeError(f"{path}: {type(value).__name__} is an enum, which is not JSON; use its value")
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path}: {value!r} is not JSON")
        return float(value)
    if isinstance(value, dict) or (depth == 0 and isinstance(value, Mapping)):
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
        raise TypeError(f"{path}: the member name {name!r} is of type {type(name).__name__}, not a string")
    return _text(name, path)
