"""The design of the founding guide, written down for the comparison: one table, Cassandra's Python driver.

One statement an item, LOGGED or UNLOGGED batches of one BatchStatement, searches that read a namespace or the
table and filter here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.query import BatchStatement, BatchType, PreparedStatement

Namespace = tuple[str, ...]
Row: TypeAlias = Any  # The driver's rows have the columns as attributes.
Op: TypeAlias = Any  # LangGraph's.
Json: TypeAlias = Any
#: At most so many requests of one batch of reads at once, the guide's `concurrency`.
CONCURRENCY = 100


@dataclass
class SeedItem:
    namespace: Namespace
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class SeedStore:
    """What lgstore is measured against on a cluster; the methods that the benchmark calls."""

    def __init__(self, session: Session) -> None:
        self._session = session
        place = "WHERE prefix = ? AND key = ?"
        columns = "prefix, key, value, created_at, updated_at"
        self._put = session.prepare(f"INSERT INTO store ({columns}) VALUES (?, ?, ?, ?, ?)")
        self._get = session.prepare(f"SELECT {columns} FROM store {place}")
        self._delete = session.prepare(f"DELETE FROM store {place}")
        self._namespace = session.prepare(f"SELECT {columns} FROM store WHERE prefix = ?")
        self._below = session.prepare(f"SELECT {columns} FROM store WHERE prefix >= ? AND prefix < ? ALLOW FILTERING")
        self._prefixes = session.prepare("SELECT DISTINCT prefix FROM store")

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int, keyspace: str, sockopts: list[Any] | None) -> AsyncIterator[SeedStore]:
        profile = ExecutionProfile(request_timeout=30.0, consistency_level=ConsistencyLevel.LOCAL_QUORUM)
        cluster = Cluster(
            [host], port=port, protocol_version=4, sockopts=sockopts,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        )  # fmt: skip
        try:
            session = cluster.connect()
            session.execute(
                f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = "
                "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}"
            )
            session.set_keyspace(keyspace)
            session.execute(
                "CREATE TABLE IF NOT EXISTS store (prefix text, key text, value text, created_at timestamp, "
                "updated_at timestamp, PRIMARY KEY (prefix, key))"
            )
            session.execute("TRUNCATE store")
            yield cls(session)
        finally:
            cluster.shutdown()

    async def _run(self, statement: PreparedStatement | BatchStatement, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """The driver's callbacks come on its own thread."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Any]] = loop.create_future()

        def answer(rows: list[Any] | None) -> None:
            loop.call_soon_threadsafe(done.set_result, rows or [])

        def failure(error: Exception) -> None:
            loop.call_soon_threadsafe(done.set_exception, error)

        self._session.execute_async(statement, parameters or None).add_callbacks(answer, failure)
        return await done

    @staticmethod
    def _row(namespace: Namespace, key: str, value: dict[str, Any]) -> tuple[Any, ...]:
        now = datetime.now(timezone.utc)
        return ".".join(namespace), key, json.dumps(value), now, now

    @staticmethod
    def _item(row: Row) -> SeedItem:
        return SeedItem(tuple(row.prefix.split(".")), row.key, json.loads(row.value), row.created_at, row.updated_at)

    async def aput(self, namespace: Namespace, key: str, value: dict[str, Any]) -> None:
        await self._run(self._put, self._row(namespace, key, value))

    async def aget(self, namespace: Namespace, key: str) -> SeedItem | None:
        rows = await self._run(self._get, (".".join(namespace), key))
        return self._item(rows[0]) if rows else None

    async def adelete(self, namespace: Namespace, key: str) -> None:
        await self._run(self._delete, (".".join(namespace), key))

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        ops = list(ops)
        if all(hasattr(op, "value") for op in ops):
            batch = BatchStatement(batch_type=BatchType.UNLOGGED)
            for op in ops:
                batch.add(self._put, self._row(op.namespace, op.key, op.value))
            await self._run(batch)
            return [None] * len(ops)
        limit = asyncio.Semaphore(CONCURRENCY)

        async def one(op: Op) -> SeedItem | None:
            async with limit:
                return await self.aget(op.namespace, op.key)

        return await asyncio.gather(*(one(op) for op in ops))

    async def asearch(
        self,
        prefix: Namespace,
        /,
        *,
        filter: dict[str, Any] | None = None,
        limit: int = 10,
    ) -> list[SeedItem]:
        text = ".".join(prefix)
        found = self._matching(await self._run(self._namespace, (text,)), filter, limit)
        if not found:
            found = self._matching(await self._run(self._below, (text + ".", text + "/")), filter, limit)
        return found

    def _matching(self, rows: list[Any], where: dict[str, Any] | None, limit: int) -> list[SeedItem]:
        found: list[SeedItem] = []
        for row in rows:
            item = self._item(row)
            if all(_holds(item.value.get(name), wanted) for name, wanted in (where or {}).items()):
                found.append(item)
            if len(found) == limit:
                break
        return found

    async def alist_namespaces(self, *, prefix: Namespace, max_depth: int, limit: int) -> list[Namespace]:
        rows = await self._run(self._prefixes)
        names = (tuple(row.prefix.split(".")) for row in rows)
        return sorted({name[:max_depth] for name in names if name[: len(prefix)] == prefix})[:limit]


def _holds(value: Json, wanted: Json) -> bool:
    if isinstance(wanted, dict):
        return bool(value > wanted["$gt"])
    return bool(value == wanted)
