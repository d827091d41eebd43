"""What the store answers: items, pages, outcomes, health."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from .error import UnsupportedError

__all__ = ["Health", "HealthCheck", "Item", "Migration", "NamespacePage", "Outcome", "Page"]

T = TypeVar("T")


class Item(msgspec.Struct, frozen=True):
    """What is stored at a place."""

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    """Its own copy: changing it changes nothing in the store."""
    created_at: datetime
    """When it was put for the first time, in UTC with microseconds; overwriting keeps it."""
    updated_at: datetime
    """When it was put last; grows with every write."""
    version: str | None = None
    """Changes with every write and with nothing else; None for items that another program wrote without one."""
    expires_at: datetime | None = None
    """When it will be gone; None = never."""
    score: float | None = None
    """How well it fits, in ranked searches."""


class Page(msgspec.Struct, frozen=True):
    """A part of what a search finds."""

    items: list[Item]
    cursor: str | None = None
    """Where the next page begins; None = this is the last."""


class NamespacePage(msgspec.Struct, frozen=True):
    """A part of a listing of namespaces."""

    namespaces: list[tuple[str, ...]]
    cursor: str | None = None
    """Where the next page begins; None = this is the last."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a conditional write. It is true if the write was done."""

    applied: bool
    """The condition held and the write was done."""
    version: str | None = None
    """Of the item that was written; None where nothing was, or after a deletion."""
    current: Item | None = None
    """The item that did not fit the condition; None where there was none, or it did fit."""

    def __bool__(self) -> bool:
        return self.applied


class HealthCheck(msgspec.Struct, frozen=True):
    """One of the checks of :class:`Health`."""

    status: str
    """``healthy``, ``degraded`` (it works, but not as it should) or ``unhealthy`` (operations fail)."""
    message: str = ""


class Health(msgspec.Struct, frozen=True):
    """How a store is. docs/metrics.md lists the checks."""

    status: str
    """The worst of the checks."""
    latency_ms: float
    """How long the checks took, in milliseconds."""
    checks: dict[str, HealthCheck]


class Migration(msgspec.Struct, frozen=True, rename={"from_version": "from", "to_version": "to"}):
    """What bringing a cluster's schema to a version did, or would do."""

    from_version: int
    to_version: int
    dry_run: bool = False
    steps: list[str] = []


# Of what is part of no cycle the collector is to know nothing: it would look at a batch's answer several times while
# that is read. (An Item may be part of one, by its value.)


class Result(msgspec.Struct, gc=False):
    """One operation's in the answer of a batch."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


class PlainResult(msgspec.Struct, gc=False):
    """`Result` in batches of gets, puts and deletes only."""

    result: Item | None = None
    error: dict[str, Any] | None = None


class Results(msgspec.Struct):
    """The answer of a batch."""

    results: list[Result]


class PlainResults(msgspec.Struct):
    """The answer of a batch of gets, puts and deletes only."""

    results: list[PlainResult]


class Reader(Generic[T]):
    """Reads answers of one type."""

    def __init__(self, kind: type[T]) -> None:
        self._decode: Any = msgspec.json.Decoder(kind).decode

    def __call__(self, answer: bytes | msgspec.Raw) -> T:
        try:
            return self._decode(answer)  # type: ignore[no-any-return]
        except msgspec.DecodeError as wrong:
            raise UnsupportedError("unsupported", f"an answer that Python can't hold: {wrong}; see call") from wrong


item_of: Reader[Item | None] = Reader(Item | None)  # type: ignore[arg-type]
page_of = Reader(Page)
namespaces_of = Reader(NamespacePage)
outcome_of = Reader(Outcome)
number_of = Reader(int)
none_of = Reader(type(None))
health_of = Reader(Health)
migration_of: Reader[Migration | None] = Reader(Migration | None)  # type: ignore[arg-type]
results_of = Reader(Results)
plain_results_of = Reader(PlainResults)
