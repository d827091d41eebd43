"""Chapter 11 of the guide: Troubleshooting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from lgstore.scylladb import (
    AsyncScyllaDBStore,
    CircuitBreakerOpenError,
    ConsistencyLevel,
    ExecutionProfile,
    Op,
    PutOp,
    ScyllaDBStoreError,
    StoreConnectionError,
)

from .guide import snippet


@snippet(47)
async def test_11_1_timeouts(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    profile = ExecutionProfile(request_timeout=30.0)
    store = connect(execution_profiles={"default": profile})
    ops: list[Op] = [PutOp(("a",), str(i), {}) for i in range(3)]
    results = await store.abatch(ops, max_retries=3)
    assert results == [None] * 3
    metrics = await store.get_metrics()
    assert metrics["max_latency_ms"] > 0


@snippet(48)
async def test_11_2_unavailable_replicas(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    profile = ExecutionProfile(consistency_level=ConsistencyLevel.LOCAL_ONE)
    store = connect(execution_profiles={"default": profile})
    await store.aput(("a",), "k", {})
    health = await store.health_check()
    assert health["checks"]["cluster_connectivity"]["status"] == "healthy"


@snippet(49)
async def test_11_3_circuit_breaker_open() -> None:
    breaker = {"enabled": True, "failure_threshold": 2, "timeout": 3600}
    async with aclosing(AsyncScyllaDBStore("fault:", fault={"fail_first": 2}, breaker=breaker)) as store:
        for _ in range(2):
            with pytest.raises(ScyllaDBStoreError):
                await store.aget(("a",), "k")
        with pytest.raises(StoreConnectionError, match="Circuit breaker is OPEN") as error:
            await store.aget(("a",), "k")
        assert isinstance(error.value, CircuitBreakerOpenError)
        state = store.circuit_breaker.get_state()
        assert state["state"] == "OPEN"
        assert state["failure_count"] == 2
        assert state["rejected_count"] == 1
        store.circuit_breaker.reset()
        assert store.circuit_breaker.get_state()["state"] == "CLOSED"
        assert await store.aget(("a",), "k") is None


@snippet(50)
async def test_11_4_memory(store: AsyncScyllaDBStore) -> None:
    namespace = ("a",)
    await store.abatch([PutOp(namespace, f"{i:04}", {}) for i in range(2500)])
    results = await store.asearch(
        namespace,
        limit=100000,
        fetch_size=100,  # Smaller pages
    )
    keys = []
    for i in range(0, len(results), 1000):
        batch = results[i : i + 1000]
        keys += [item.key for item in batch]
    assert keys == [f"{i:04}" for i in range(2500)]
    # The list holds all of them; the iterator holds a page.
    assert [item.key async for item in store.native.aiter_search(namespace, page_size=100)] == keys


@snippet(51)
async def test_11_5_slow_batches(store: AsyncScyllaDBStore) -> None:
    ops: list[Op] = [PutOp(("a",), f"{i:03}", {}) for i in range(120)]
    ops_chunks = [ops[i : i + 50] for i in range(0, len(ops), 50)]
    for chunk in ops_chunks:
        await store.abatch(chunk)
    await store.abatch(ops, batch_type="UNLOGGED")
    metrics: dict[str, Any] = await store.get_metrics()
    assert metrics["batch_stats"]["avg_batch_size"] == 60.0
    assert metrics["batch_stats"]["batch_size_p95"] == 120
    # Side by side they take no longer than the slowest of them.
    await asyncio.gather(*(store.abatch(chunk) for chunk in ops_chunks))
    assert len(await store.asearch(("a",), limit=1000)) == 120
