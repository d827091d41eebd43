"""Bodies of requests, written as bytes: what they hold is checked and encoded once, on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.store.base import MatchCondition, NotProvided, TTLConfig

from lgstore import _json

from . import _namespace, _ttl

ORDER = b'"updated_at desc"'
"""The order of searches, as that of LangGraph's own durable stores."""


def _key(key: object) -> bytes:
    try:
        return _json.encode(str(key))
    except UnicodeEncodeError:
        return _json.dumps(str(key), "key")  # which says more


def address(namespace: Sequence[str], key: object) -> bytes:
    """The members ``namespace`` and ``key``. Keys are made strings, as LangGraph does."""
    return b'"namespace":%b,"key":%b' % (_namespace.encode(namespace), _key(key))


def get(namespace: Sequence[str], key: object, refresh: bool, op: bytes = b"") -> bytes:
    """`op` is the member that a batch needs, with the comma behind it."""
    return b'{%b"namespace":%b,"key":%b,"refresh_ttl":%b}' % (
        op,
        _namespace.encode(namespace),
        _key(key),
        b"true" if refresh else b"false",
    )


def put(namespace: Sequence[str], key: object, value: bytes, ttl: bytes) -> bytes:
    """`value` is the value's JSON (:func:`value_of`), `ttl` a member as :func:`_ttl.member` gives it."""
    return b'{"namespace":%b,"key":%b,"value":%b%b}' % (
        _namespace.encode_for_put(namespace),
        _key(key),
        value,
        ttl,
    )


def delete(namespace: Sequence[str], key: object) -> bytes:
    return b"{%b}" % address(namespace, key)


def value_of(value: Any) -> bytes:
    """The JSON of an item's value, a mapping with string keys.

    Raises:
        TypeError, ValueError: Something in it is not JSON; the message names the path.
    """
    if type(value) is not dict and not isinstance(value, Mapping):
        raise TypeError(f"value: must be a mapping, but is {type(value).__name__}")
    return _json.dumps(value, "value")


def search(
    prefix: Sequence[str],
    filter: Mapping[str, Any] | None,
    limit: int,
    offset: int,
    refresh: bool,
    *,
    order: bytes = ORDER,
    cursor: str | None = None,
) -> bytes:
    parts = [
        b'{"namespace_prefix":%b,"limit":%b,"offset":%b,"order":%b,"refresh_ttl":%b'
        % (_namespace.encode(prefix), _json.dumps(limit), _json.dumps(offset), order, b"true" if refresh else b"false")
    ]
    if filter:
        parts.append(b',"filter":%b' % _json.dumps(filter, "filter"))
    if cursor is not None:
        parts.append(b',"cursor":%b' % _json.dumps(cursor))
    parts.append(b"}")
    return b"".join(parts)


def scope(prefix: Sequence[str], filter: Mapping[str, Any] | None) -> bytes:
    """The body of count and delete_prefix."""
    which = b',"filter":%b' % _json.dumps(filter, "filter") if filter else b""
    return b'{"namespace_prefix":%b%b}' % (_namespace.encode(prefix), which)


def list_namespaces(
    conditions: Sequence[MatchCondition] | None,
    max_depth: int | None,
    limit: int,
    offset: int,
) -> bytes:
    parts = [b'{"limit":%b,"offset":%b' % (_json.dumps(limit), _json.dumps(offset))]
    if conditions:
        made = b",".join(
            b'{"match_type":%b,"path":%b}' % (_json.dumps(one.match_type), _namespace.encode(one.path))
            for one in conditions
        )
        parts.append(b',"match_conditions":[%b]' % made)
    if max_depth is not None:
        parts.append(b',"max_depth":%b' % _json.dumps(max_depth))
    parts.append(b"}")
    return b"".join(parts)


def conditions(prefix: Sequence[str] | None, suffix: Sequence[str] | None) -> tuple[MatchCondition, ...]:
    """The conditions of a listing; an empty path is none."""
    made = []
    if prefix:
        made.append(MatchCondition("prefix", _namespace.as_tuple(prefix)))
    if suffix:
        made.append(MatchCondition("suffix", _namespace.as_tuple(suffix)))
    return tuple(made)


def ttl(config: TTLConfig | None, minutes: float | NotProvided | None) -> bytes:
    return _ttl.member(config, minutes)
