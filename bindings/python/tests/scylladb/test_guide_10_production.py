"""Chapter 10 of the guide: Production Deployment."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from lgstore.scylladb import (
    AsyncScyllaDBStore,
    ConsistencyLevel,
    ExecutionProfile,
    PutOp,
    StoreConfigurationError,
    StoreValidationError,
    TTLConfig,
    ValidationLimits,
)

from .guide import snippet


@snippet(44)
async def test_10_1_production_configuration(place: dict[str, Any]) -> None:
    profile = ExecutionProfile(request_timeout=30.0, consistency_level=ConsistencyLevel.LOCAL_QUORUM)
    datacenter: dict[str, Any] = {"local_datacenter": "datacenter1"} if "contact_points" in place else {}
    store = AsyncScyllaDBStore(
        **place,  # contact_points=["node1.dc1.example.com", …], keyspace="production_keyspace"
        port=9042,
        compression="lz4",
        connect={"timeout": 10.0},
        execution_profiles={"default": profile},
        ttl=TTLConfig(default_ttl=7200.0, refresh_on_read=True),
        **datacenter,
    )
    await store.setup()
    store.enable_circuit_breaker(failure_threshold=10, success_threshold=5, timeout_seconds=60.0)
    store.create_standard_profiles()
    await store.aput(("a",), "k", {"n": 1})
    item = await store.aget(("a",), "k")
    assert item is not None
    assert item.expires_at is not None
    assert store.circuit_breaker.get_state()["enabled"]
    await store.aclose()


async def test_10_1_a_data_centre_that_there_is_not_is_an_error(cluster: dict[str, Any]) -> None:
    store = AsyncScyllaDBStore(**cluster, local_datacenter="atlantis")
    with pytest.raises(StoreConfigurationError, match="atlantis") as error:
        await store.setup()
    assert error.value.field == "local_datacenter"
    await store.aclose()


@snippet(45)
async def test_10_2_monitoring(store: AsyncScyllaDBStore) -> None:
    alerts: list[str] = []
    exported: list[dict[str, Any]] = []
    looked = asyncio.Event()

    async def health_check_loop() -> None:
        while True:
            health = await store.health_check()
            if health["status"] != "healthy":
                alerts.append(f"ALERT: Store unhealthy at {datetime.now()}\nDetails: {health}")
            looked.set()
            await asyncio.sleep(60)

    async def metrics_export_loop() -> None:
        while True:
            exported.append(await store.get_metrics())
            await asyncio.sleep(30)

    # Tasks are kept, or they may be collected while they run: the guide forgets that.
    tasks = [asyncio.create_task(health_check_loop()), asyncio.create_task(metrics_export_loop())]
    await asyncio.wait_for(looked.wait(), 60)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert alerts == []
    assert len(exported) == 1


@snippet(46)
def test_10_3_resource_limits() -> None:
    assert ValidationLimits.MAX_VALUE_SIZE_BYTES == 1_000_000
    assert ValidationLimits.MAX_KEY_LENGTH == 1024
    assert ValidationLimits.MAX_NAMESPACE_DEPTH == 10
    assert ValidationLimits.MAX_NAMESPACE_LABEL_LENGTH == 256
    assert ValidationLimits.MAX_BATCH_SIZE == 100
    assert ValidationLimits.WARN_VALUE_SIZE_BYTES == 100_000
    assert ValidationLimits.WARN_BATCH_SIZE == 50


def value_of(size: int) -> dict[str, str]:
    """A value of so many bytes: ``{"v":"…"}``."""
    return {"v": "x" * (size - 8)}


@pytest.mark.parametrize(
    ("field", "most", "one_more"),
    [
        ("value", (("a",), "k", value_of(1_000_000)), (("a",), "k", value_of(1_000_001))),
        ("key", (("a",), "é" * 512, {}), (("a",), "é" * 512 + "x", {})),
        ("namespace[10]", (("a",) * 10, "k", {}), (("a",) * 11, "k", {})),
        ("namespace[0]", (("é" * 256,), "k", {}), (("é" * 257,), "k", {})),
    ],
)
async def test_10_3_each_limit_holds_to_the_byte(
    store: AsyncScyllaDBStore, field: str, most: tuple[Any, ...], one_more: tuple[Any, ...]
) -> None:
    await store.aput(*most)
    assert await store.aget(most[0], most[1]) is not None
    with pytest.raises(StoreValidationError) as error:
        await store.aput(*one_more)
    assert error.value.field == field
    namespace, key, value = one_more
    named = {"value": value, "key": key, "namespace[10]": "a", "namespace[0]": namespace[0]}
    assert error.value.value == named[field]


async def test_10_3_a_logged_batch_has_a_limit_and_others_have_none(store: AsyncScyllaDBStore) -> None:
    await store.abatch([PutOp(("a",), str(i), {}) for i in range(100)], batch_type="LOGGED")
    with pytest.raises(StoreValidationError) as error:
        await store.abatch([PutOp(("b",), str(i), {}) for i in range(101)], batch_type="LOGGED")
    assert error.value.field == "ops"
    assert await store.asearch(("b",)) == []
    await store.abatch([PutOp(("b",), str(i), {}) for i in range(101)])
    assert len(await store.asearch(("b",), limit=1000)) == 101


def test_10_3_limits_are_options() -> None:
    store = AsyncScyllaDBStore("memory:", limits={"namespace_labels": 20})
    store.put(tuple(f"level{i}" for i in range(20)), "test", {"data": "test"})
    store.close()
    with pytest.raises(StoreConfigurationError) as error:
        AsyncScyllaDBStore("memory:", limits={"namespace_lables": 20})
    assert error.value.field == "limits.namespace_lables"
