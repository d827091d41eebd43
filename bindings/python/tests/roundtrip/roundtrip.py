"""Does the operations of its input's lines and writes their answers: the Python side of tests/roundtrip/README.md.

usage: roundtrip.py CONFIG NAME

By `lgstore.Store`, or by `LGStore` where the name is langgraph.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

import lgstore
from lgstore.langgraph import LGStore

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ENCODER, DECODER = msgspec.json.encode, msgspec.json.decode


def micros(time: datetime | None) -> int | None:
    return None if time is None else (time - EPOCH) // timedelta(microseconds=1)


def item_of(item: lgstore.Item | None, text: str | None = None) -> dict[str, Any] | None:
    """An item of an answer; `text` is its value's, where that is known."""
    if item is None:
        return None
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": text or ENCODER(item.value).decode(),
        "version": item.version,
        "created_at": micros(item.created_at),
        "updated_at": micros(item.updated_at),
        "expires_at": micros(item.expires_at),
    }


def outcome_of(outcome: lgstore.Outcome) -> dict[str, Any]:
    return {"applied": outcome.applied, "version": outcome.version, "current": item_of(outcome.current)}


class Raw(msgspec.Struct):
    """An item's value as its text."""

    value: msgspec.Raw


class Native:
    """The operations by the methods of `lgstore.Store`."""

    def __init__(self, store: lgstore.Store) -> None:
        self.native = store
        self.store: Any = store

    def ttl(self, seconds: float) -> float:
        """A time to live as the store takes it."""
        return seconds

    def get(self, namespace: tuple[str, ...], key: str) -> dict[str, Any] | None:
        item = self.store.get(namespace, key)
        if item is None:
            return None
        # The spelling, which Python's values do not keep.
        place = ENCODER({"namespace": namespace, "key": key})
        text = bytes(DECODER(self.native.call("get", place), type=Raw).value)
        if DECODER(text) != item.value:
            raise ValueError(f"{text!r} is read as {item.value!r}")
        return item_of(item, text.decode())

    def put(self, namespace: tuple[str, ...], key: str, value: str, **options: Any) -> None:
        parsed = DECODER(value)
        if ENCODER(parsed).decode() == value:
            self.store.put(namespace, key, parsed, **options)
        else:  # A spelling that Python's values do not keep.
            place = ENCODER({"namespace": namespace, "key": key, **options})
            self.native.call("put", place[:-1] + b',"value":' + value.encode() + b"}")

    def search(self, namespace: tuple[str, ...], **query: Any) -> dict[str, Any]:
        page = self.store.search_page(namespace, **query)
        return {"items": [item_of(item) for item in page.items], "cursor": page.cursor}

    def list_namespaces(self, namespace: tuple[str, ...], **page: Any) -> Any:
        return self.native.namespaces_page(prefix=namespace, **page)

    def conditional(self, op: str, namespace: tuple[str, ...], key: str, **options: Any) -> dict[str, Any]:
        return outcome_of(getattr(self.store, op)(namespace, key, **options))


class LangGraph(Native):
    """The operations by the methods of LGStore, where it has them: its times are minutes."""

    def __init__(self, store: lgstore.Store) -> None:
        super().__init__(store)
        self.store = LGStore(store, ttl={"refresh_on_read": False})

    def ttl(self, seconds: float) -> float:
        return seconds / 60

    def put(self, namespace: tuple[str, ...], key: str, value: str, **options: Any) -> None:
        self.store.put(namespace, key, DECODER(value), **options)

    def get(self, namespace: tuple[str, ...], key: str) -> dict[str, Any] | None:
        item = self.store.get_versioned(namespace, key)
        plain = self.store.get(namespace, key)
        if (plain and plain.value) != (item and item.value):
            raise ValueError(f"get gives {plain}, get_versioned {item}")
        return item_of(item)


def answer(store: Native, line: dict[str, Any]) -> Any:
    op, namespace = line.pop("op"), tuple(line.pop("namespace"))
    if "ttl" in line:
        line["ttl"] = store.ttl(line["ttl"])
    if op in ("get", "put"):
        return getattr(store, op)(namespace, **line)
    for name in ("value", "expected_value", "filter"):
        if name in line:
            line[name] = DECODER(line[name])
    if op in ("search", "list_namespaces"):
        return getattr(store, op)(namespace, **line)
    return store.conditional(op, namespace, **line)


def main(config: str, name: str) -> None:
    with lgstore.Store(config) as opened:
        store = LangGraph(opened) if name == "langgraph" else Native(opened)
        for line in sys.stdin:
            sys.stdout.write(ENCODER(answer(store, json.loads(line))).decode() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
