"""The twelve groups of checks of the guide's document on batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

import lgstore
from lgstore.scylladb import (
    AsyncScyllaDBStore,
    BatchType,
    GetOp,
    Op,
    PutOp,
    SearchOp,
    StoreValidationError,
    TTLConfig,
    ValidationLimits,
)


def users(number: int) -> list[Op]:
    return [PutOp(namespace=("users",), key=f"user_{i}", value={"id": i}) for i in range(number)]


@pytest.mark.parametrize("batch_type", [BatchType.UNLOGGED, BatchType.LOGGED, "UNLOGGED", "LOGGED", "logged"])
async def test_1_2_unlogged_and_logged(store: AsyncScyllaDBStore, batch_type: str) -> None:
    assert await store.abatch(users(10), batch_type=batch_type) == [None] * 10
    assert len(await store.asearch(("users",))) == 10
    stats = (await store.get_metrics())["batch_stats"]
    assert stats["logged_batches"] == (str(getattr(batch_type, "value", batch_type)).upper() == "LOGGED")


async def test_2_a_batch_type_that_there_is_not_is_refused(store: AsyncScyllaDBStore) -> None:
    with pytest.raises(StoreValidationError) as error:
        await store.abatch(users(1), batch_type="COUNTER")
    assert (error.value.field, error.value.value) == ("batch_type", "COUNTER")
    for wrong in ("users", ("users",), lgstore.Get(("users",), "k"), None):
        with pytest.raises(StoreValidationError) as error:
            await store.abatch([*users(1), wrong])  # type: ignore[list-item]
        assert error.value.field == "ops[1]"
    assert await store.asearch(()) == []


async def test_2_a_logged_batch_is_all_or_nothing(store: AsyncScyllaDBStore) -> None:
    ops = [*users(5), PutOp(("other",), "k", {}), PutOp(("other", ""), "k", {})]
    for batch_type in BatchType:
        with pytest.raises(StoreValidationError) as error:
            await store.abatch(ops, batch_type=batch_type)
        assert error.value.field == "ops[6].namespace[1]"
        assert error.value.value == ""
    assert await store.asearch(()) == []


async def test_3_mixed_operations(store: AsyncScyllaDBStore) -> None:
    await store.aput(("cache",), "item2", {"data": "old"})
    results: list[Any] = await store.abatch(
        [
            PutOp(namespace=("cache",), key="item1", value={"data": "new"}),
            GetOp(namespace=("cache",), key="item2"),
            PutOp(namespace=("cache",), key="item2", value={"data": "updated"}),
            SearchOp(("cache",), filter={"data": "old"}),
        ]
    )
    assert results[0] is None
    assert results[1].value == {"data": "old"}
    assert results[2] is None
    assert [item.key for item in results[3]] == ["item2"]
    assert {item.key: item.value["data"] for item in await store.asearch(())} == {"item1": "new", "item2": "updated"}


async def test_4_11_times_to_live(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect(ttl=TTLConfig(default_ttl=100.0))
    await store.abatch(
        [
            PutOp(("a",), "default", {}),
            PutOp(("a",), "short", {}, ttl=50.0),
            PutOp(("a",), "never", {}, ttl=None),
        ]
    )
    lives = {
        item.key: None if item.expires_at is None else round((item.expires_at - item.updated_at).total_seconds(), -1)
        for item in await store.asearch(("a",))
    }
    assert lives == {"default": 100, "short": 50, "never": None}


async def test_5_6_an_empty_batch_and_one_operation(store: AsyncScyllaDBStore) -> None:
    assert await store.abatch([]) == []
    assert await store.abatch([], batch_type="LOGGED") == []
    assert await store.abatch(op for op in users(1)) == [None]
    (item,) = await store.abatch([GetOp(("users",), "user_0")])
    assert item.value == {"id": 0}


async def test_7_a_large_batch_is_warned_of(store: AsyncScyllaDBStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "lgstore"):
        await store.abatch(users(ValidationLimits.WARN_BATCH_SIZE))
        await store.abatch(users(ValidationLimits.WARN_BATCH_SIZE + 1))
        while not caplog.records:  # They come from a thread of the library.
            await asyncio.sleep(0.001)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "51" in str(vars(caplog.records[0]))


async def test_8_only_a_logged_batch_has_a_limit(store: AsyncScyllaDBStore) -> None:
    with pytest.raises(StoreValidationError, match=r"101 operations.*limit of 100"):
        await store.abatch(users(101), batch_type="LOGGED")
    big: list[Op] = [PutOp(("a",), str(i), {"text": "x" * 5000}) for i in range(10)]
    with pytest.raises(StoreValidationError, match="logged_batch_bytes"):
        await store.abatch(big, batch_type="LOGGED")
    assert await store.asearch(()) == []
    assert await store.abatch(users(500) + big) == [None] * 510


async def test_9_10_the_ten_statistics(store: AsyncScyllaDBStore) -> None:
    await store.abatch(users(10))
    await store.abatch(users(20), batch_type="LOGGED", max_retries=3, retry_delay=0.1, retry_backoff=2.0)
    await store.abatch([*users(1), GetOp(("users",), "user_0")])
    with pytest.raises(StoreValidationError):
        await store.abatch([PutOp((), "k", {})])  # refused, so it was no batch
    stats = (await store.get_metrics())["batch_stats"]
    assert stats == {
        "total_batches": 3,
        "total_batch_operations": 32,
        "avg_batch_size": 32 / 3,
        "atomic_batches": 2,
        "concurrent_batches": 1,
        "logged_batches": 1,
        "unlogged_batches": 1,
        "batch_size_p50": 10,
        "batch_size_p95": 20,
        "batch_size_p99": 20,
    }


async def test_12_a_batch_may_be_repeated(store: AsyncScyllaDBStore) -> None:
    for _ in range(3):
        await store.abatch(users(5))
    found = await store.asearch(("users",))
    assert [item.value for item in found] == [{"id": i} for i in range(5)]


async def test_12_of_several_puts_of_one_item_the_last_counts(store: AsyncScyllaDBStore) -> None:
    for batch_type in BatchType:
        await store.abatch(
            [PutOp(("a",), "k", {"n": 1}), PutOp(("a",), "k", None), PutOp(("a",), "k", {"n": 2})],
            batch_type=batch_type,
        )
        item = await store.aget(("a",), "k")
        assert item is not None
        assert item.value == {"n": 2}
