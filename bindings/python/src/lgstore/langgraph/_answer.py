"""Answers: the core's JSON as LangGraph's items.

msgspec fills the items themselves, in one go for a whole answer: their constructors, and structs to keep what is given
to these, would cost as much again as reading the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from langgraph.store.base import Item, SearchItem

import lgstore
from lgstore.item import Reader, namespaces_of


@dataclass(init=False, repr=False, eq=False)
class _Item(Item):
    """An Item with the types of its members, which msgspec needs. Whoever reads one makes it an Item proper."""

    __slots__ = ()
    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(init=False, repr=False, eq=False)
class _SearchItem(SearchItem):
    """The same of a SearchItem."""

    __slots__ = ()
    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    score: float | None = field(default_factory=lambda: None)  # a default proper would stand in the slot's place


class Page(msgspec.Struct):
    """The answer of a search."""

    items: list[_SearchItem]


# What is part of no cycle needs no collector, which would look at a batch's answer several times while it is read.


class Got(msgspec.Struct, gc=False):
    """The result of an operation of a batch of gets and writes."""

    result: _Item | None = None
    error: dict[str, Any] | None = None


class Gots(msgspec.Struct):
    """The answer of a batch of gets and writes."""

    results: list[Got]


class Result(msgspec.Struct, gc=False):
    """The result of any operation of a batch."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


class Results(msgspec.Struct):
    """The answer of a batch."""

    results: list[Result]


_item_of: Reader[_Item | None] = Reader(_Item | None)  # type: ignore[arg-type]
_page_of = Reader(Page)
gots_of = Reader(Gots)
results_of = Reader(Results)


def get(text: bytes | msgspec.Raw) -> Item | None:
    return item(_item_of(text))


def item(made: _Item | None) -> Item | None:
    if made is not None:
        made.__class__ = Item  # type: ignore[assignment]
    return made


def search(text: bytes | msgspec.Raw) -> list[SearchItem]:
    found: list[Any] = _page_of(text).items
    for one in found:
        one.__class__ = SearchItem
    return found


def ranked(found: lgstore.Item, score: float) -> SearchItem:
    return SearchItem(found.namespace, found.key, found.value, found.created_at, found.updated_at, score)


def list_namespaces(text: bytes | msgspec.Raw) -> list[tuple[str, ...]]:
    return namespaces_of(text).namespaces
