"""Copies the items of any LangGraph store into another one.

    python -m lgstore.langgraph.copy postgresql://user:password@host/db file:memory.db

What is kept:

- Namespace, key and value of every item, exactly.
- The order of their `updated_at`: items are written in it, so that searches answer in the same order. The times
  themselves are the target's.
- Expiry, where the source tells: :class:`LGStore`, PostgresStore and SqliteStore do, a BaseStore as such does not.
  An item keeps the minutes that are left to it, and does not live longer than it would have. Expired ones stay behind.

Vectors are made anew, by the target's index configuration. Copying again is safe, and brings over what was written to
the source meanwhile; it does not delete.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from langgraph.store.base import BaseStore, GetOp, Item, PutOp

from lgstore import LgstoreError

from .store import LGStore

Place = tuple[tuple[str, ...], str]

# Stores that are asked for everything at once: their pages may overlap and skip when times are equal.
_EVERYTHING = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a copy is."""

    done: int
    """Items that were written, or had expired meanwhile."""
    total: int
    """Items that were found in the source."""


def copy_store(
    source: BaseStore,
    target: BaseStore,
    *,
    prefix: tuple[str, ...] = (),
    batch_size: int = 50,
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Copies all items at and below a prefix, and returns how many were written.

    It needs memory for the places of all items, and for the values of one namespace of the source.

    Args:
        source: Any BaseStore whose blocking methods work. Its expiries are not refreshed.
        target: Any BaseStore, usually an :class:`LGStore`.
        prefix: What to copy; () = everything.
        batch_size: How many items are read and written at once.
        progress: Called after every batch.
    """
    left = _minutes_left(source)
    places = [place for _, place in sorted(_places(source, prefix))]
    copied = 0
    for at in range(0, len(places), batch_size):
        chunk = places[at : at + batch_size]
        items: list[Any] = source.batch([GetOp(namespace, key, False) for namespace, key in chunk])
        # Those of one batch are written in its order, each a microsecond after the other.
        puts = [_put(item, left.get(place)) for item, place in zip(items, chunk, strict=True) if item is not None]
        puts = [put for put in puts if put.ttl is None or put.ttl > 0]
        target.batch(puts)
        copied += len(puts)
        if progress is not None:
            progress(Progress(at + len(chunk), len(places)))
    return copied


def _put(item: Item, left: float | None) -> PutOp:
    return PutOp(item.namespace, item.key, item.value, None, left)


def _places(source: BaseStore, prefix: tuple[str, ...]) -> Iterator[tuple[datetime, Place]]:
    """When each item was written, and where it is."""
    if isinstance(source, LGStore):
        for one in source.iter_search(prefix):
            yield one.updated_at, (one.namespace, one.key)
        return
    for namespace in source.list_namespaces(prefix=prefix, limit=_EVERYTHING):
        for item in source.search(namespace, limit=_EVERYTHING, refresh_ttl=False):
            # A search goes below its namespace; what is there has a turn of its own.
            if item.namespace == namespace:
                yield _aware(item.updated_at), (item.namespace, item.key)


def _aware(time: datetime) -> datetime:
    # SqliteStore's times are in UTC and don't say so.
    return time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc)


def _minutes_left(source: BaseStore) -> dict[Place, float]:
    """How many minutes are left to the items that expire, as far as the source tells."""
    if isinstance(source, LGStore):
        now = datetime.now(timezone.utc)
        return {
            (one.namespace, one.key): (one.expires_at - now).total_seconds() / 60
            for one in source.iter_search()
            if one.expires_at is not None
        }
    kind = type(source).__module__.partition("langgraph.store.")[2].partition(".")[0]
    store: Any = source
    if kind == "sqlite":
        rows = store.conn.execute(
            "SELECT prefix, key, (julianday(expires_at) - julianday('now')) * 1440 FROM store"
            " WHERE expires_at IS NOT NULL"
        ).fetchall()
    elif kind == "postgres":
        with store._cursor() as cursor:  # its connection may be a pool, a pipeline or neither
            cursor.execute(
                "SELECT prefix, key, (EXTRACT(EPOCH FROM expires_at - NOW()) / 60)::float8 AS left_over FROM store"
                " WHERE expires_at IS NOT NULL"
            )
            rows = [tuple(row.values()) for row in cursor.fetchall()]
    else:
        return {}
    return {(tuple(labels.split(".")), key): minutes for labels, key, minutes in rows}


def open_any(url: str, stack: ExitStack) -> BaseStore:
    """The store of a URL, open until the stack is closed: ``postgresql:``, ``sqlite:path``, or one of lgstore's."""
    scheme = url.partition(":")[0]
    if scheme in ("postgres", "postgresql"):
        from langgraph.store.postgres import PostgresStore

        postgres: BaseStore = stack.enter_context(PostgresStore.from_conn_string(url))
        return postgres
    if scheme == "sqlite":
        from langgraph.store.sqlite import SqliteStore

        return stack.enter_context(SqliteStore.from_conn_string(url.removeprefix("sqlite:")))
    return stack.enter_context(LGStore.from_conn_string(url))


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lgstore.langgraph.copy",
        description="Copies the items of a LangGraph store into another one.",
    )
    parser.add_argument("source", help="postgresql://…, sqlite:<file>, or a URL of lgstore")
    parser.add_argument("target", help="the same; usually a URL of lgstore: file:memory.db, scylla://host/keyspace")
    parser.add_argument("--prefix", default=(), type=lambda text: tuple(text.split(".")), metavar="a.b")
    parser.add_argument("--batch-size", default=50, type=int, metavar="N")
    options = parser.parse_args(arguments)

    def show(progress: Progress) -> None:
        end = "\n" if progress.done == progress.total else ""
        sys.stderr.write(f"\r{progress.done} of {progress.total}{end}")
        sys.stderr.flush()

    try:
        with ExitStack() as stack:
            source, target = open_any(options.source, stack), open_any(options.target, stack)
            setup: Any = getattr(target, "setup", lambda: None)
            setup()
            count = copy_store(source, target, prefix=options.prefix, batch_size=options.batch_size, progress=show)
    except LgstoreError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{count} items copied")
    return 0


if __name__ == "__main__":
    sys.exit(main())
