"""The bodies of requests, as structs that are written as they stand: a member that is UNSET is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

import msgspec
from msgspec import UNSET, UnsetType

from ._json import encode, is_json, plain
from .error import ValidationError

Namespace: TypeAlias = "tuple[str, ...] | list[str]"
Value: TypeAlias = Mapping[str, Any]
Ttl: TypeAlias = "float | UnsetType | None"
Index: TypeAlias = "bool | Sequence[str] | UnsetType | None"

NOT_PROVIDED = UNSET
"""For a ttl: the store's default."""

PAGE_SIZE = 100
"""How many items or namespaces an iterator asks for at once, unless told otherwise."""

_only_strings = frozenset((str,)).issuperset


class ReadOptions(TypedDict, total=False):
    """Options that every operation on items takes."""

    profile: str
    """The execution profile of the cluster to run it with."""
    max_retries: int
    """How often it is tried again after failures that time may cure."""
    retry_delay: float
    """Seconds before the first of these."""
    retry_backoff: float
    """How many times longer each pause is than the one before."""


class WriteOptions(ReadOptions, total=False):
    """Options that put and delete take."""

    serial: bool
    """Gives the write its place in the order of the conditional writes of its item, on a cluster at their price."""


class Body(msgspec.Struct, kw_only=True):
    """What all bodies have."""

    profile: str | UnsetType = UNSET
    max_retries: int | UnsetType = UNSET
    retry_delay: float | UnsetType = UNSET
    retry_backoff: float | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        """Refuses what is not JSON, naming its path, which begins with `at`."""

    def text(self) -> bytes:
        """The body, checked."""
        self.check()
        return written(self)


class Place(Body):
    """Where an item is."""

    namespace: Namespace
    key: str

    def check(self, at: str = "") -> None:
        kind = type(self.namespace)
        if (kind is not tuple and kind is not list) or not _only_strings(map(type, self.namespace)):
            self.namespace = plain(self.namespace, at + "namespace")
        if type(self.key) is not str:
            self.key = plain(self.key, at + "key")


class GetBody(Place):
    """get"""

    refresh_ttl: bool | UnsetType = UNSET


class DeleteBody(Place):
    """delete, delete_if_exists"""

    serial: bool | UnsetType = UNSET


class PutBody(Place):
    """put, put_if_absent, update_if_exists"""

    value: Value | None
    ttl: Ttl = UNSET
    index: Index = UNSET
    serial: bool | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        Place.check(self, at)
        if not is_json(self.value):
            self.value = plain(self.value, at + "value")
        if self.ttl is not UNSET:
            self.ttl = option(self.ttl, at + "ttl")
        if self.index is not UNSET:
            self.index = option(self.index, at + "index")


class SwapBody(PutBody, kw_only=True):
    """compare_and_set"""

    expected_value: Value | UnsetType = UNSET
    expected_version: str | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        PutBody.check(self, at)
        self.expected_value = exact(self.expected_value, at + "expected_value")


class DropBody(Place):
    """delete_if_value"""

    expected_value: Value | UnsetType = UNSET
    expected_version: str | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        Place.check(self, at)
        self.expected_value = exact(self.expected_value, at + "expected_value")


class ScopeBody(Body):
    """count, delete_prefix"""

    namespace_prefix: Namespace
    filter: Value | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        self.namespace_prefix = exact(self.namespace_prefix, at + "namespace_prefix")
        self.filter = exact(self.filter, at + "filter")


class SearchBody(ScopeBody):
    """search"""

    limit: int | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    order: str | UnsetType = UNSET
    cursor: str | UnsetType = UNSET
    refresh_ttl: bool | UnsetType = UNSET
    query: str | UnsetType = UNSET


class Condition(msgspec.Struct):
    """What a namespace must begin or end with."""

    match_type: str
    path: Namespace


class NamespacesBody(Body):
    """list_namespaces"""

    match_conditions: list[Condition] | UnsetType = UNSET
    max_depth: int | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    cursor: str | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        for index, condition in enumerate(self.match_conditions or ()):
            condition.path = exact(condition.path, f"{at}match_conditions[{index}].path")


def exact(value: Any, at: str) -> Any:
    """The value, in built-in types; what is not JSON is refused."""
    return value if value is UNSET or is_json(value) else plain(value, at)


def option(value: Any, at: str) -> Any:
    """`exact` of an option. Its error is like the library's, which says what else is wrong with options."""
    try:
        return exact(value, at)
    except ValueError as wrong:
        raise ValidationError("invalid_arg", str(wrong).removeprefix(at + ": "), field=at) from None


def written_options(**members: Any) -> bytes:
    """A body that has nothing but options, as JSON."""
    return written({name: option(value, name) for name, value in members.items() if value is not UNSET})


def given(value: Any) -> Any:
    """None, where it means that nothing is given, as the encoder knows it."""
    return UNSET if value is None else value


def conditions(prefix: Namespace | None, suffix: Namespace | None) -> list[Condition] | UnsetType:
    """The conditions of a listing of namespaces."""
    both = [("prefix", prefix), ("suffix", suffix)]
    return [Condition(kind, path) for kind, path in both if path is not None] or UNSET


def written(body: Any) -> bytes:
    """A body that is checked, as JSON."""
    try:
        text = encode(body)
    except (UnicodeEncodeError, RecursionError):
        _find_fault(body, "")
        raise
    if b"null" in text and isinstance(body, msgspec.Struct):
        _refuse_nan(body, "")
    return text


def _refuse_nan(body: msgspec.Struct, at: str) -> None:
    """Refuses options that are not finite: the encoder writes them as null, which means none."""
    for name in body.__struct_fields__:
        member = getattr(body, name)
        if isinstance(member, float) and not math.isfinite(member):
            raise ValidationError("invalid_arg", f"{member} is not JSON", field=at + name)
        if isinstance(member, list):
            for index, one in enumerate(member):
                if isinstance(one, msgspec.Struct):
                    _refuse_nan(one, f"{at}{name}[{index}].")


def _find_fault(body: Any, at: str) -> None:
    """Raises a ValueError that names the path of the lone surrogate, or of what is too deep."""
    if isinstance(body, msgspec.Struct):
        for name in body.__struct_fields__:
            _find_fault(getattr(body, name), f"{at}.{name}" if at else name)
    elif isinstance(body, list) and body and isinstance(body[0], msgspec.Struct):
        for index, one in enumerate(body):
            _find_fault(one, f"{at}[{index}]")
    elif body is not UNSET:
        plain(body, at)
