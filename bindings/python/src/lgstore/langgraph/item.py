"""What the extras beside LangGraph's interface give back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from langgraph.store.base import Item

from ._answer import when


class VersionedItem(Item):
    """An item with what LangGraph's :class:`Item` has no room for.

    Attributes:
        version: Another one after every write, and never the same again. None where another program wrote it.
        expires_at: When it expires; None = never.
    """

    __slots__ = ("expires_at", "version")

    version: str | None
    expires_at: datetime | None

    @classmethod
    def of(cls, made: dict[str, Any]) -> VersionedItem:
        """The item of an answer of the core."""
        expires_at = made.pop("expires_at", None)
        version = made.pop("version")
        made["created_at"], made["updated_at"] = when(made["created_at"]), when(made["updated_at"])
        item = cls(**made)
        item.version = version
        item.expires_at = None if expires_at is None else when(expires_at)
        return item


class Outcome(NamedTuple):
    """What became of a conditional write. It is true if the write was applied."""

    applied: bool
    version: str | None
    """The item's new version; None if not applied, and after deletes."""
    current: VersionedItem | None
    """The item that did not meet the condition; None if there is none, or if applied."""

    def __bool__(self) -> bool:
        return self.applied

    @classmethod
    def of(cls, made: dict[str, Any]) -> Outcome:
        """The outcome of an answer of the core."""
        current = made.get("current")
        return cls(made["applied"], made.get("version"), VersionedItem.of(current) if current else None)


class Page(NamedTuple):
    """A part of a search."""

    items: list[VersionedItem]
    cursor: str | None
    """Where the next part begins; None where this is the last. It stays good after a restart."""
