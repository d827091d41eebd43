"""Copies the items of any LangGraph store into another one.

    python -m lgstore.langgraph.copy postgresql://user:password@host/db file:memory.db

What is kept:

- Namespace, key and value of every item, exactly.
- The order of their `updated_at`: items are written in it, so that searches answer in the same order. The times
  themselves are the target's.
- Expiry, where the source tells: :class:`LGStore`, PostgresStore and SqliteStore do, a BaseStore as such does not.
  An item keeps the minutes that are left to it when it is written, so that it does not live longer than it would have.
  Expired ones stay behind.

Vectors are made anew, by the target's index configuration. Copying again is safe, and brings over what was written to
the source meanwhile; it does not delete.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from langgraph.store.base import BaseStore, GetOp, Item, PutOp

import lgstore
from lgstore import ValidationError

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

    Raises:
        ValidationError: `batch_size` is not an integer from 1.
        Exception: What the source or the target raises; what was written until then stays.
    """
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise ValidationError("invalid_arg", f"must be an integer from 1, but is {batch_size!r}", field="batch_size")
    places = [place for _, place in sorted(_places(source, prefix))]
    copied = 0
    for at in range(0, len(places), batch_size):
        chunk = places[at : at + batch_size]
        found = [(item, expires) for item, expires in _read(source, chunk) if item is not None]
        now = _now()
        # Those of one batch are written in its order, each a microsecond after the other.
        puts = [_put(item, expires, now) for item, expires in found if expires is None or expires > now]
        target.batch(puts)
        copied += len(puts)
        if progress is not None:
            progress(Progress(at + len(chunk), len(places)))
    return copied


def _put(item: Item | lgstore.Item, expires: datetime | None, now: datetime) -> PutOp:
    left = None if expires is None else (expires - now).total_seconds() / 60
    return PutOp(item.namespace, item.key, item.value, None, left)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _read(source: BaseStore, places: Sequence[Place]) -> Iterator[tuple[Item | lgstore.Item | None, datetime | None]]:
    """The items at these places as they are now, with their expiries as far as the source tells."""
    if isinstance(source, LGStore):
        for item in source.native.batch([lgstore.Get(*place, refresh_ttl=False) for place in places]):
            yield item, item and item.expires_at
        return
    items: list[Any] = source.batch([GetOp(namespace, key, False) for namespace, key in places])
    # Afterwards, so that what is overwritten in between lives as its new self.
    expiries = _expiries(source, places)
    if expiries is None:
        yield from ((item, None) for item in items)
        return
    # And once more: what was swept in between has no expiry that could be found.
    still: list[Any] = source.batch([GetOp(namespace, key, False) for namespace, key in places])
    for item, there, place in zip(items, still, places, strict=True):
        yield item if there else None, expiries.get(place)


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


def _expiries(source: BaseStore, places: Sequence[Place]) -> dict[Place, datetime] | None:
    """When those of these items expire that do, by this machine's clock; None = in this store none does."""
    kinds = {cls.__module__.partition("langgraph.store.")[2].partition(".")[0] for cls in type(source).__mro__}
    store: Any = source
    keys = [key for _, key in places]
    if "sqlite" in kinds:
        rows = store.conn.execute(
            "SELECT prefix, key, (julianday(expires_at) - julianday('now')) * 86400 FROM store"
            " WHERE expires_at IS NOT NULL AND key IN (SELECT value FROM json_each(?))",
            (json.dumps(keys),),
        ).fetchall()
    elif "postgres" in kinds:
        with store._cursor() as cursor:  # its connection may be a pool, a pipeline or neither
            cursor.execute(
                "SELECT prefix, key, EXTRACT(EPOCH FROM expires_at - NOW())::float8 AS left_over FROM store"
                " WHERE expires_at IS NOT NULL AND key = ANY(%s)",
                (keys,),
            )
            rows = [tuple(row.values()) for row in cursor.fetchall()]
    else:
        return None
    now = _now()
    return {(tuple(labels.split(".")), key): now + timedelta(seconds=seconds) for labels, key, seconds in rows}


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
    parser.add_argument("--batch-size", default=50, type=_count, metavar="N")
    options = parser.parse_args(arguments)
    begun = False

    def show(progress: Progress) -> None:
        nonlocal begun
        begun = progress.done < progress.total
        end = "" if begun else "\n"
        sys.stderr.write(f"\r{progress.done} of {progress.total}{end}")
        sys.stderr.flush()

    try:
        with ExitStack() as stack:
            source, target = open_any(options.source, stack), open_any(options.target, stack)
            setup: Any = getattr(target, "setup", lambda: None)
            setup()
            count = copy_store(source, target, prefix=options.prefix, batch_size=options.batch_size, progress=show)
    except Exception as error:  # of any store and its driver
        line = "\n" if begun else ""
        print(f"{line}{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"{count} items copied")
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be an integer from 1, but is {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
