"""Chapter 9 of the guide: Error Handling."""

# ruff: noqa: PT017  the guide catches with except

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from lgstore.scylladb import (
    AsyncScyllaDBStore,
    Op,
    PutOp,
    ScyllaDBStoreError,
    StoreConnectionError,
    StoreQueryError,
    StoreTimeoutError,
    StoreUnavailableError,
    StoreValidationError,
)

from .guide import snippet


def test_09_exception_hierarchy() -> None:
    for kind in (
        StoreConnectionError,
        StoreQueryError,
        StoreValidationError,
        StoreTimeoutError,
        StoreUnavailableError,
    ):
        assert issubclass(kind, ScyllaDBStoreError)
        assert kind.__mro__[1] is ScyllaDBStoreError


@snippet(42)
async def test_09_error_handling(store: AsyncScyllaDBStore) -> None:
    # Validation errors
    too_deep = tuple([f"level{i}" for i in range(20)])
    try:
        await store.aput(namespace=too_deep, key="test", value={"data": "test"})
        pytest.fail("20 labels were taken")
    except StoreValidationError as e:
        assert "at most 10 labels" in str(e)
        assert e.field == "namespace[10]"
        assert e.value == "level10"
        assert not e.retryable

    # Timeout errors (retryable)
    namespace, key, value = ("a",), "k", {"n": 1}
    slow = AsyncScyllaDBStore("fault:?fault.delay_us=200000", timeout=0.01)
    try:
        await slow.aget(namespace, key)
        pytest.fail("it was answered in time")
    except StoreTimeoutError as e:
        assert isinstance(e, TimeoutError)
        assert e.operation_type == "get"
        assert e.timeout_seconds == 0.01
        assert e.retryable
        # Retry with exponential backoff
        await asyncio.sleep(0.01)
        assert await slow.aget(namespace, key, timeout=60.0) is None
    finally:
        await slow.aclose()

    # Unavailable errors (retryable): test_06_2_a_profile_decides_how_a_request_is_sent has the figures.
    try:
        await store.aput(namespace, key, value)
    except StoreUnavailableError as e:
        pytest.fail(f"{e.consistency_level} {e.required_replicas} {e.alive_replicas}")


async def test_09_a_cluster_that_is_away_is_a_connection_error() -> None:
    store = AsyncScyllaDBStore.from_contact_points(["127.0.0.1:1"], "k", connect={"deadline": 0.2})
    with pytest.raises(StoreConnectionError) as error:
        await store.setup()
    assert error.value.retryable
    assert "127.0.0.1:1" in str(error.value)
    with pytest.raises(StoreConnectionError):
        await store.aget(("a",), "k")
    assert (await store.health_check())["status"] == "unhealthy"
    await store.aclose()
    with pytest.raises(StoreConnectionError) as error:
        await store.aget(("a",), "k")
    assert error.value.code == "closed"


@snippet(43)
async def test_09_automatic_retry() -> None:
    ops: list[Op] = [PutOp(("a",), str(i), {}) for i in range(3)]
    async with aclosing(AsyncScyllaDBStore("fault:")) as store:
        results = await store.abatch(
            ops,
            max_retries=3,  # Retry up to 3 times
            retry_delay=0.1,  # Start with 100ms
            retry_backoff=2.0,  # Double each time (100ms, 200ms, 400ms)
        )
        assert results == [None] * 3
    async with aclosing(AsyncScyllaDBStore("fault:?fault.fail_first=2")) as store:
        assert await store.abatch(ops, max_retries=3, retry_delay=0.001) == [None] * 3
        assert len(await store.asearch(("a",))) == 3
    async with aclosing(AsyncScyllaDBStore("fault:?fault.fail_first=2")) as store:
        with pytest.raises(ScyllaDBStoreError) as error:
            await store.abatch(ops, max_retries=1, retry_delay=0.001)
        assert error.value.retryable
    # What is not retryable fails at once, however often it may be tried.
    async with AsyncScyllaDBStore("memory:") as store:
        bad: Any = [PutOp((), "k", {})]
        with pytest.raises(StoreValidationError) as wrong:
            await store.abatch(bad, max_retries=3, retry_delay=60.0)
        assert wrong.value.field == "ops[0].namespace"
