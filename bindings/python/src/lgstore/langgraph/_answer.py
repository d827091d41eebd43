"""Answers: the core's JSON as LangGraph's items."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from langgraph.store.base import Item, SearchItem

from lgstore import _json

if sys.version_info >= (3, 11):
    when = datetime.fromisoformat
else:

    def when(text: str) -> datetime:
        """A time of the core, RFC 3339 in UTC with microseconds."""
        return datetime.fromisoformat(f"{text[:-1]}+00:00")


def get(text: bytes) -> Item | None:
    return item(_json.loads(text))


def item(made: dict[str, Any] | None) -> Item | None:
    if made is None:
        return None
    return Item(
        value=made["value"],
        key=made["key"],
        namespace=made["namespace"],
        created_at=when(made["created_at"]),
        updated_at=when(made["updated_at"]),
    )


def search(text: bytes) -> list[SearchItem]:
    return search_items(_json.loads(text))


def search_items(made: dict[str, Any]) -> list[SearchItem]:
    return [search_item(one) for one in made["items"]]


def search_item(made: dict[str, Any], score: float | None = None) -> SearchItem:
    return SearchItem(
        made["namespace"],
        made["key"],
        made["value"],
        when(made["created_at"]),
        when(made["updated_at"]),
        score,
    )


def list_namespaces(text: bytes) -> list[tuple[str, ...]]:
    return namespaces(_json.loads(text))


def namespaces(made: dict[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(one) for one in made["namespaces"]]
