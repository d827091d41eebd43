"""The operations of a batch, and the small types that calls take.

The operations are named tuples with the fields of LangGraph's, in the same order. LangGraph's own are
accepted too, without LangGraph being needed: a field of theirs that holds the default of its class
counts as not given, since that is all that can be told.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, NamedTuple

from msgspec import UnsetType

from lgstore import NOT_PROVIDED

from .errors import StoreConfigurationError, TTLValidationError

Namespace = tuple[str, ...]
"""Labels from the root down: non-empty strings without ``.`` and NUL."""


TTL = float | None | UnsetType
"""Seconds, ``None`` for no expiry, or :data:`lgstore.NOT_PROVIDED` for the store's default."""


class GetOp(NamedTuple):
    """Read one item; its result is an :class:`~lgstore.Item` or ``None``."""

    namespace: Namespace
    key: str
    refresh_ttl: bool | None = None


class SearchOp(NamedTuple):
    """Items at and below a prefix; its result is a list of items."""

    namespace_prefix: Sequence[str]
    filter: Mapping[str, Any] | None = None
    limit: int = 10
    offset: int = 0
    query: str | None = None
    refresh_ttl: bool | None = None


class PutOp(NamedTuple):
    """Store one item, or delete it (``value=None``). ``ttl`` is in seconds. Its result is ``None``."""

    namespace: Namespace
    key: str
    value: Mapping[str, Any] | None
    index: Literal[False] | Sequence[str] | None = None  # type: ignore[assignment]  # as in LangGraph
    ttl: TTL = NOT_PROVIDED


class MatchCondition(NamedTuple):
    """Namespaces whose first or last labels are these; ``"*"`` is any one label."""

    match_type: Literal["prefix", "suffix"]
    path: Sequence[str]


class ListNamespacesOp(NamedTuple):
    """Namespaces that hold an item; its result is a list of tuples."""

    match_conditions: Sequence[MatchCondition] | None = None
    max_depth: int | None = None
    limit: int = 100
    offset: int = 0


Op = GetOp | SearchOp | PutOp | ListNamespacesOp
"""What :meth:`AsyncScyllaDBStore.abatch` takes; LangGraph's classes of the same names as well."""


class BatchType(str, Enum):
    """What a batch promises: ``LOGGED`` = all of its writes or none, without isolation; ``UNLOGGED`` =
    each partition's writes together, and each failure reported for its own operation."""

    LOGGED = "LOGGED"
    UNLOGGED = "UNLOGGED"


class ConsistencyLevel(str, Enum):
    """How many replicas must answer, by CQL's names."""

    ONE = "ONE"
    TWO = "TWO"
    THREE = "THREE"
    QUORUM = "QUORUM"
    ALL = "ALL"
    LOCAL_QUORUM = "LOCAL_QUORUM"
    EACH_QUORUM = "EACH_QUORUM"
    LOCAL_ONE = "LOCAL_ONE"
    SERIAL = "SERIAL"
    LOCAL_SERIAL = "LOCAL_SERIAL"


@dataclass(frozen=True)
class ExecutionProfile:
    """How requests that name this profile are carried out; what is ``None`` is as for other requests.

    consistency_level: how many replicas must answer.
    request_timeout: seconds for one statement to the cluster.
    serial_consistency_level: ``SERIAL`` or ``LOCAL_SERIAL``, for conditional writes.
    """

    consistency_level: ConsistencyLevel | str | None = None
    request_timeout: float | None = None
    serial_consistency_level: ConsistencyLevel | str | None = None

    def as_options(self) -> dict[str, Any]:
        """The profile as ``docs/configuration.md`` writes it."""
        given: dict[str, Any] = {
            "consistency": _cql_name(self.consistency_level),
            "serial_consistency": _cql_name(self.serial_consistency_level),
            "request_timeout": self.request_timeout,
        }
        return {name: value for name, value in given.items() if value is not None}


def _cql_name(level: ConsistencyLevel | str | None) -> str | None:
    if level is None:
        return None
    return (level.value if isinstance(level, ConsistencyLevel) else str(level)).lower()


@dataclass(frozen=True)
class TTLConfig:
    """The store's times to live, in **seconds** (LangGraph's own ``TTLConfig`` counts minutes).

    default_ttl: seconds that items live whose put says nothing; ``None`` = for ever.
    refresh_on_read: whether a get, and a search for the items it returns, makes them live on
        for their own time to live from then. A call's ``refresh_ttl`` decides for itself.
    """

    default_ttl: float | None = None
    refresh_on_read: bool = False

    def __post_init__(self) -> None:
        ttl = self.default_ttl
        number = isinstance(ttl, (int, float)) and not isinstance(ttl, bool)
        if ttl is not None and not (number and 0 < ttl < math.inf):
            raise TTLValidationError(
                f"default_ttl must be a number of seconds above 0, or None for no expiry, not {ttl!r}",
                field="ttl.default_ttl",
                value=ttl,
            )
        if not isinstance(self.refresh_on_read, bool):
            raise StoreConfigurationError(
                f"refresh_on_read must be True or False, not {self.refresh_on_read!r}", field="ttl.refresh_on_read"
            )

    def as_options(self) -> dict[str, Any]:
        """The same as ``docs/configuration.md`` writes it."""
        return {"default_ttl": self.default_ttl, "refresh_on_read": self.refresh_on_read}

    def as_langgraph(self) -> dict[str, Any]:
        """The same as LangGraph writes it: in minutes."""
        minutes = None if self.default_ttl is None else self.default_ttl / 60
        return {"default_ttl": minutes, "refresh_on_read": self.refresh_on_read}


class ValidationLimits:
    """The limits that hold unless ``limits`` of the configuration says otherwise."""

    MAX_VALUE_SIZE_BYTES: Final = 1_000_000
    MAX_KEY_LENGTH: Final = 1024  # bytes of UTF-8
    MAX_NAMESPACE_DEPTH: Final = 10
    MAX_NAMESPACE_LABEL_LENGTH: Final = 256  # code points
    MAX_BATCH_SIZE: Final = 100  # of a LOGGED batch; others are split where the cluster needs it
    WARN_VALUE_SIZE_BYTES: Final = 100_000
    WARN_BATCH_SIZE: Final = 50


def own(op: Any) -> Op:
    """Gives an operation as one of the classes here, whether it is one or LangGraph's.

    Raises TypeError: it is neither.
    """
    if isinstance(op, (GetOp, SearchOp, PutOp, ListNamespacesOp)):
        return op
    # Whoever has one of LangGraph's operations has imported this.
    theirs = sys.modules.get("langgraph.store.base")
    if theirs is not None:
        if isinstance(op, theirs.PutOp):
            return PutOp(op.namespace, op.key, op.value, op.index, _given(op, "ttl", NOT_PROVIDED))
        if isinstance(op, theirs.GetOp):
            return GetOp(op.namespace, op.key, _given(op, "refresh_ttl", None))
        if isinstance(op, theirs.SearchOp):
            return SearchOp(
                op.namespace_prefix,
                op.filter,
                op.limit,
                op.offset,
                op.query,
                _given(op, "refresh_ttl", None),
            )
        if isinstance(op, theirs.ListNamespacesOp):
            return ListNamespacesOp(op.match_conditions, op.max_depth, op.limit, op.offset)
    raise TypeError(f"an operation is a PutOp, GetOp, SearchOp or ListNamespacesOp, not {type(op).__name__}")


def _given(op: Any, field: str, otherwise: Any) -> Any:
    value = getattr(op, field)
    return otherwise if value == op._field_defaults[field] else value
