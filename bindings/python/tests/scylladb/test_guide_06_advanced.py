"""Chapter 6 of the guide: Advanced Features."""

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
    ScyllaDBStoreError,
    StoreConfigurationError,
    StoreUnavailableError,
    StoreValidationError,
)

from .guide import snippet


@snippet(29)
async def test_06_1_circuit_breaker(store: AsyncScyllaDBStore) -> None:
    store.enable_circuit_breaker(
        failure_threshold=5,  # Open after 5 failures
        success_threshold=3,  # Close after 3 successes
        timeout_seconds=30.0,  # Wait 30s before retry
    )
    state = store.circuit_breaker.get_state()
    assert state["state"] == "CLOSED"  # CLOSED, OPEN, or HALF_OPEN
    assert state["failure_count"] == 0


async def test_06_1_the_breaker_that_was_enabled_opens_and_closes() -> None:
    async with aclosing(AsyncScyllaDBStore("fault:?fault.fail_first=4")) as store:
        store.enable_circuit_breaker(failure_threshold=4, success_threshold=1, timeout_seconds=0.05)
        for _ in range(4):
            with pytest.raises(ScyllaDBStoreError):
                await store.aget(("a",), "k")
        with pytest.raises(CircuitBreakerOpenError, match="Circuit breaker is OPEN") as refused:
            await store.aget(("a",), "k")
        assert refused.value.retry_after is not None
        assert refused.value.retry_after <= 0.05
        assert store.circuit_breaker.get_state()["state"] == "OPEN"
        assert (await store.health_check())["status"] == "unhealthy"
        while store.circuit_breaker.get_state()["state"] != "CLOSED":
            try:
                await store.aget(("a",), "k")
            except ScyllaDBStoreError:
                await asyncio.sleep(0.01)
        assert await store.aget(("a",), "k") is None
        assert store.circuit_breaker.get_state()["opened_count"] == 1


@snippet(30)
async def test_06_2_execution_profiles(store: AsyncScyllaDBStore) -> None:
    store.create_standard_profiles()
    store.add_execution_profile("custom_profile", consistency_level=ConsistencyLevel.LOCAL_QUORUM, request_timeout=15.0)
    for profile in (
        "strong_reads",
        "fast_writes",
        "lwt_operations",
        "analytics",
        "custom_profile",
        "default",
    ):
        await store.aput(("a",), "k", {"by": profile}, profile=profile)
        item = await store.aget(("a",), "k", profile=profile)
        assert item is not None
        assert item.value == {"by": profile}
    with pytest.raises(StoreValidationError) as error:
        await store.aget(("a",), "k", profile="custom")
    assert error.value.field == "profile"
    assert error.value.value == "custom"


async def test_06_2_a_profile_is_added_while_the_store_is_in_use(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {"n": 1})
    running = [asyncio.ensure_future(store.aput(("b",), str(i), {})) for i in range(50)]
    await asyncio.sleep(0)
    store.add_execution_profile("late", "ONE", 5.0)
    await asyncio.gather(*running)
    item = await store.aget(("a",), "k", profile="late")
    assert item is not None
    assert item.value == {"n": 1}
    assert len(await store.asearch(("b",), limit=100)) == 50


async def test_06_2_a_profile_decides_how_a_request_is_sent(cluster: dict[str, Any]) -> None:
    async with AsyncScyllaDBStore(**cluster) as store:
        info: dict[str, Any] = await store.native.acluster_info()
        nodes = sum(len(nodes) for nodes in info["datacenters"].values())
        if nodes > 2:
            pytest.skip("three replicas are there")
        store.add_execution_profile("three", ConsistencyLevel.THREE, 5.0)
        with pytest.raises(StoreUnavailableError) as error:
            await store.aput(("a",), "k", {}, profile="three")
        assert error.value.consistency_level == "THREE"
        assert error.value.required_replicas == 3
        assert error.value.alive_replicas == min(nodes, 3)
        assert error.value.retryable
        await store.aput(("a",), "k", {})


def test_06_2_a_profile_that_is_wrong_is_refused(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect()
    with pytest.raises(StoreConfigurationError) as error:
        store.add_execution_profile("mine", "LOCAL_QORUM")
    assert error.value.field == "profiles.mine.consistency"
    store.put(("a",), "k", {})  # The store goes on as it was.


@snippet(31)
async def test_06_3_warmup(store: AsyncScyllaDBStore) -> None:
    await store.warmup_connections(num_queries=20)
    metrics = await store.get_metrics()
    assert metrics["operations"]["get"] == 20
    assert await store.asearch(()) == []


@snippet(32)
async def test_06_4_shard_awareness(store: AsyncScyllaDBStore, place: dict[str, Any]) -> None:
    shard_info = store.get_shard_awareness_info()
    if shard_info["is_shard_aware"]:
        assert all(node["shards"] >= 1 for node in shard_info["shard_stats"].values())
    else:
        assert shard_info["shard_stats"] == {}
    if place.get("config") == "memory:":
        assert not shard_info["is_shard_aware"]
    assert await store.aget_shard_awareness_info() == shard_info
