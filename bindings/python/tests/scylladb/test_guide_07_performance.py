"""Chapter 7 of the guide: Performance Optimization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lgstore.scylladb import AsyncScyllaDBStore, Op, PutOp, StoreConfigurationError, TTLConfig

from .guide import snippet


@snippet(33)
async def test_07_1_batch_size(store: AsyncScyllaDBStore) -> None:
    ops: list[Op] = [PutOp(("users",), f"user_{i}", {"id": i}) for i in range(50)]
    await store.abatch(ops)
    # No need to stay below 50 or 100: the library splits what the cluster would not take at once.
    await store.abatch([PutOp(("many",), str(i), {"id": i}) for i in range(1000)])
    assert len(await store.asearch(("many",), limit=10000)) == 1000


@snippet(34)
async def test_07_2_query_paging(store: AsyncScyllaDBStore) -> None:
    await store.abatch([PutOp(("users",), f"user_{i:03}", {}) for i in range(120)])
    results = await store.asearch(("users",), limit=10000, fetch_size=50)
    keys = [item.key for item in results]
    assert keys == [f"user_{i:03}" for i in range(120)]
    results = await store.asearch(("users",), limit=10000, fetch_size=5000)
    assert [item.key for item in results] == keys


@snippet(35)
async def test_07_3_ttl(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect()
    await store.aput(namespace=("cache",), key="temp_data", value={"data": "..."}, ttl=300.0)
    item = await store.aget(("cache",), "temp_data")
    assert item is not None
    assert item.expires_at is not None
    assert 295 < (item.expires_at - item.updated_at).total_seconds() < 305

    store = connect(
        ttl=TTLConfig(
            default_ttl=1800.0,  # 30 minutes
            refresh_on_read=True,  # Extend active sessions
        )
    )
    await store.aput(("sessions",), "abc", {})
    await store.aput(("sessions",), "root", {}, ttl=None)  # for ever, although there is a default
    session = await store.aget(("sessions",), "abc")
    root = await store.aget(("sessions",), "root")
    assert session is not None
    assert session.expires_at is not None
    assert root is not None
    assert root.expires_at is None


@snippet(36)
async def test_07_4_prepared_statements(store: AsyncScyllaDBStore) -> None:
    # Statements are prepared when the store connects, so the first call is as fast as the second.
    namespace, key, key2 = ("cache",), "a", "b"
    value, value2 = {"n": 1}, {"n": 2}
    await store.aput(namespace, key, value)
    await store.aput(namespace, key2, value2)
    assert [item.value for item in await store.asearch(namespace)] == [value, value2]


@snippet(37)
async def test_07_5_connection_pool(place: dict[str, Any]) -> None:
    store = AsyncScyllaDBStore(
        **place,
        compression="lz4",
        connect={"timeout": 10.0},
        pool={"core_connections": 2, "max_connections": 8, "per": "host"},
    )
    async with store:
        await store.aput(("a",), "k", {"text": "x" * 10_000})
        assert await store.aget(("a",), "k") is not None
    with pytest.raises(StoreConfigurationError) as error:
        AsyncScyllaDBStore(**place, executor_threads=8)
    assert error.value.field == "executor_threads"  # It is lgstore.Runtime(worker_threads=8).
