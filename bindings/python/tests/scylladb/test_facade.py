"""What holds for every store, beside the guide: values, times, cancelled awaits, the end."""

from __future__ import annotations

import asyncio
import enum
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lgstore.scylladb import (
    AsyncScyllaDBStore,
    PutOp,
    ScyllaDBStoreError,
    SearchOp,
    StoreConnectionError,
    StoreValidationError,
)


async def test_times_are_aware_and_of_the_item(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    item = await store.aget(("a",), "k")
    assert item is not None
    assert abs(datetime.now(timezone.utc) - item.updated_at) < timedelta(seconds=30)


async def test_a_closed_store_says_so(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.aclose()
    with pytest.raises(StoreConnectionError) as error:
        await store.aget(("a",), "k")
    assert error.value.code == "closed"


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"when": datetime(2026, 1, 1)}, "value.when"),
        ({"all": [1, {"some": {1, 2}}]}, "value.all[1].some"),
        ({"colour": Colour.RED}, "value.colour"),
        ({"id": uuid.UUID(int=1)}, "value.id"),
        ({"share": Decimal("0.1")}, "value.share"),
        ({"n": float("nan")}, "value.n"),
        ({"text": "\ud800"}, "value.text"),
        ([1, 2], "value"),
        ("text", "value"),
    ],
)
async def test_a_value_that_is_no_json_is_refused_with_its_place(
    store: AsyncScyllaDBStore, value: Any, field: str
) -> None:
    for call in (
        lambda: store.aput(("a",), "k", value),
        lambda: store.aput_if_not_exists(("a",), "k", value),
        lambda: store.abatch([PutOp(("a",), "j", {}), PutOp(("a",), "k", value)]),
    ):
        with pytest.raises(StoreValidationError) as error:
            await call()
        assert error.value.field is not None
        assert error.value.field.removeprefix("ops[1].") == field
    assert await store.asearch(("a",)) == []


async def test_a_cancelled_await_leaves_nothing_behind() -> None:
    async with aclosing(AsyncScyllaDBStore("fault:?fault.delay_us=3600000000")) as store:
        for _ in range(10):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(store.aput(("a",), "k", {}), 0.01)
        while store.native.metrics()["in_flight"]:
            await asyncio.sleep(0.001)
        assert (await store.get_metrics())["errors"] == {"cancelled": 10}


async def test_a_namespace_is_no_string(store: AsyncScyllaDBStore) -> None:
    await store.aput(("users",), "k", {})
    text: Any = "users"
    for call in (
        lambda: store.asearch(text),
        lambda: store.aget(text, "k"),
        lambda: store.aput(text, "k", {}),
        lambda: store.alist_namespaces(prefix=text),
        lambda: store.abatch([SearchOp(text)]),
    ):
        with pytest.raises(StoreValidationError, match="must be an array, not a string"):
            await call()
    with pytest.raises(StoreValidationError, match="must be an array, not a string"):
        store.search(text)


async def test_a_setup_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    store = AsyncScyllaDBStore(f"file:{path}")
    with pytest.raises(ScyllaDBStoreError):
        async with store:
            raise AssertionError("it has opened a folder")
    with pytest.raises(StoreConnectionError) as error:
        await store.aget(("a",), "k")
    assert error.value.code == "closed"


async def test_a_store_closes_where_the_default_executor_has_no_thread_left() -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as pool:
        loop.set_default_executor(pool)
        release = threading.Event()
        blocked = loop.run_in_executor(None, release.wait)
        store = AsyncScyllaDBStore("memory:")
        await store.aput(("a",), "k", {})
        await asyncio.wait_for(store.aclose(), 30)
        release.set()
        await blocked
