"""Answers: the core's JSON as LangGraph's items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from langgraph.store.base import Item, SearchItem

import lgstore
from lgstore.item import Reader, namespaces_of


class Found(msgspec.Struct):
    """An item of an answer, as far as LangGraph's have it; what the core says beyond is passed over."""

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class Page(msgspec.Struct):
    """The answer of a search."""

    items: list[Found]


class Got(msgspec.Struct):
    """The result of an operation of a batch of gets and writes."""

    result: Found | None = None
    error: dict[str, Any] | None = None


class Gots(msgspec.Struct):
    """The answer of a batch of gets and writes."""

    results: list[Got]


class Result(msgspec.Struct):
    """The result of any operation of a batch."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


class Results(msgspec.Struct):
    """The answer of a batch."""

    results: list[Result]


_found_of: Reader[Found | None] = Reader(Found | None)  # type: ignore[arg-type]
_page_of = Reader(Page)
gots_of = Reader(Gots)
results_of = Reader(Results)


def get(text: bytes | msgspec.Raw) -> Item | None:
    return item(_found_of(text))


def item(found: Found | None) -> Item | None:
    if found is None:
        return None
    return Item(
        value=found.value,
        key=found.key,
        namespace=found.namespace,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def search(text: bytes | msgspec.Raw) -> list[SearchItem]:
    return [
        SearchItem(one.namespace, one.key, one.value, one.created_at, one.updated_at) for one in _page_of(text).items
    ]


def ranked(found: Found | lgstore.Item, score: float) -> SearchItem:
    return SearchItem(found.namespace, found.key, found.value, found.created_at, found.updated_at, score)


def list_namespaces(text: bytes | msgspec.Raw) -> list[tuple[str, ...]]:
    return namespaces_of(text).namespaces
