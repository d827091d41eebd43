"""Chapter 5 of the guide: API Reference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from lgstore.scylladb import NOT_PROVIDED, AsyncScyllaDBStore, BatchType, Op, PutOp

from .guide import snippet

REQUIRED = inspect.Parameter.empty
POSITIONAL, KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
ADDED = {"profile": None, "timeout": None}
"""What every operation here takes beyond the guide's parameters, by name."""


def assert_signature(
    method: Callable[..., Any], positional: dict[str, Any], keyword: dict[str, Any] | None = None
) -> None:
    """The method takes the guide's parameters as the guide does, in their order and with these defaults."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    taken = {one.name: one.default for one in parameters if one.kind is not KEYWORD}
    assert list(taken.items()) == list(positional.items())
    named = {one.name: one.default for one in parameters if one.kind is KEYWORD}
    assert named == {**(keyword or {}), **ADDED}
    assert inspect.iscoroutinefunction(method)


PLACE = {"namespace": REQUIRED, "key": REQUIRED}


@snippet(9)
def test_05_aput_signature() -> None:
    assert_signature(AsyncScyllaDBStore.aput, {**PLACE, "value": REQUIRED, "ttl": NOT_PROVIDED})


@snippet(10)
async def test_05_aput(store: AsyncScyllaDBStore) -> None:
    await store.aput(
        namespace=("users", "profile"),
        key="user_123",
        value={"name": "Alice", "age": 30},
        ttl=3600.0,  # 1 hour
    )
    item = await store.aget(("users", "profile"), "user_123")
    assert item is not None
    assert item.expires_at is not None
    assert 3590 < (item.expires_at - item.created_at).total_seconds() < 3610


@snippet(11)
def test_05_aget_signature() -> None:
    assert_signature(AsyncScyllaDBStore.aget, PLACE, {"refresh_ttl": None})


@snippet(12)
async def test_05_aget(store: AsyncScyllaDBStore) -> None:
    await store.aput(("users", "profile"), "user_123", {"name": "Alice"})
    item = await store.aget(("users", "profile"), "user_123")
    assert item
    assert item.value["name"] == "Alice"
    assert item.created_at.tzinfo is not None
    assert await store.aget(("users", "profile"), "user_124") is None


@snippet(13)
def test_05_adelete_signature() -> None:
    assert_signature(AsyncScyllaDBStore.adelete, PLACE)


@snippet(14)
async def test_05_adelete(store: AsyncScyllaDBStore) -> None:
    await store.aput(("users", "profile"), "user_123", {})
    await store.adelete(("users", "profile"), "user_123")
    assert await store.aget(("users", "profile"), "user_123") is None
    await store.adelete(("users", "profile"), "user_123")  # There is nothing: no error.


@snippet(15)
def test_05_asearch_signature() -> None:
    assert_signature(
        AsyncScyllaDBStore.asearch,
        {"namespace_prefix": REQUIRED},
        {
            "query": None,
            "filter": None,
            "limit": 10,
            "offset": 0,
            "refresh_ttl": None,
            "fetch_size": None,
            "order": None,
        },
    )
    first = inspect.signature(AsyncScyllaDBStore.asearch).parameters["namespace_prefix"]
    assert first.kind is inspect.Parameter.POSITIONAL_ONLY


@snippet(16)
async def test_05_asearch(store: AsyncScyllaDBStore) -> None:
    await store.abatch([PutOp(("users",), f"user_{i:03}", {"age": 30 + i % 3}) for i in range(300)])
    results = await store.asearch(("users",), filter={"age": 30}, limit=100)
    assert [item.key for item in results] == [f"user_{i:03}" for i in range(0, 300, 3)]
    results = await store.asearch(
        ("users",),
        limit=10000,
        fetch_size=100,  # Fetch 100 rows per page
    )
    assert len(results) == 300


@snippet(17)
def test_05_abatch_signature() -> None:
    assert_signature(
        AsyncScyllaDBStore.abatch,
        {"ops": REQUIRED},
        # None = as the store is configured, and its default is the guide's 0.
        {"batch_type": BatchType.UNLOGGED, "max_retries": None, "retry_delay": 0.1, "retry_backoff": 2.0},
    )
    assert BatchType.UNLOGGED == "UNLOGGED"


@snippet(18)
async def test_05_abatch(store: AsyncScyllaDBStore) -> None:
    ops: list[Op] = [PutOp(namespace=("users",), key=f"user_{i}", value={"id": i}) for i in range(10)]
    results = await store.abatch(ops)
    assert results == [None] * 10
    results = await store.abatch(ops, batch_type="LOGGED", max_retries=3, retry_delay=0.1, retry_backoff=2.0)
    assert results == [None] * 10
    stats = (await store.get_metrics())["batch_stats"]
    assert (stats["unlogged_batches"], stats["logged_batches"]) == (1, 1)


@snippet(19)
def test_05_alist_namespaces_signature() -> None:
    assert_signature(
        AsyncScyllaDBStore.alist_namespaces,
        {},
        {"prefix": None, "suffix": None, "max_depth": None, "limit": 100, "offset": 0},
    )


@snippet(20)
async def test_05_alist_namespaces(store: AsyncScyllaDBStore) -> None:
    for namespace in [("users",), ("users", "a"), ("users2",), ("cache", "v1")]:
        await store.aput(namespace, "k", {})
    namespaces = await store.alist_namespaces(limit=1000)
    assert namespaces == [("cache", "v1"), ("users",), ("users", "a"), ("users2",)]
    user_namespaces = await store.alist_namespaces(prefix=("users",))
    assert user_namespaces == [("users",), ("users", "a")]
    top_level = await store.alist_namespaces(max_depth=1)
    assert top_level == [("cache",), ("users",), ("users2",)]


@snippet(21)
def test_05_aput_if_not_exists_signature() -> None:
    # The guide's default of ttl, None, would mean "for ever" although the store has a default.
    assert_signature(AsyncScyllaDBStore.aput_if_not_exists, {**PLACE, "value": REQUIRED, "ttl": NOT_PROVIDED})


@snippet(22)
async def test_05_aput_if_not_exists(store: AsyncScyllaDBStore) -> None:
    async def attempt(worker: str) -> bool:
        success = await store.aput_if_not_exists(
            namespace=("locks",),
            key="resource_123",
            value={"owner": worker, "acquired_at": datetime.now().isoformat()},
            ttl=30.0,
        )
        if success:  # noqa: SIM103, the guide's two branches
            # Lock acquired, do work
            return True
        else:  # noqa: RET505
            # Lock already held
            return False

    assert await attempt("worker_1") is True
    assert await attempt("worker_2") is False
    item = await store.aget(("locks",), "resource_123")
    assert item is not None
    assert item.value["owner"] == "worker_1"
    assert item.expires_at is not None


@snippet(23)
def test_05_aupdate_if_exists_signature() -> None:
    assert_signature(AsyncScyllaDBStore.aupdate_if_exists, {**PLACE, "value": REQUIRED, "ttl": NOT_PROVIDED})


@snippet(24)
async def test_05_aupdate_if_exists(store: AsyncScyllaDBStore) -> None:
    async def update() -> bool:
        return await store.aupdate_if_exists(
            namespace=("users",), key="user_123", value={"name": "Alice", "status": "inactive"}
        )

    assert await update() is False
    assert await store.aget(("users",), "user_123") is None
    await store.aput(("users",), "user_123", {"name": "Alice", "status": "active"})
    assert await update() is True
    item = await store.aget(("users",), "user_123")
    assert item is not None
    assert item.value["status"] == "inactive"


@snippet(25)
def test_05_acompare_and_set_signature() -> None:
    assert_signature(
        AsyncScyllaDBStore.acompare_and_set,
        {**PLACE, "expected_value": REQUIRED, "new_value": REQUIRED, "ttl": NOT_PROVIDED},
    )


@snippet(26)
async def test_05_acompare_and_set(store: AsyncScyllaDBStore) -> None:
    await store.aput(("counters",), "page_views", {"count": 41})
    item = await store.aget(("counters",), "page_views")
    assert item is not None
    current = item.value
    new = {"count": current["count"] + 1}
    success = await store.acompare_and_set(
        namespace=("counters",), key="page_views", expected_value=current, new_value=new
    )
    assert success is True
    again = await store.acompare_and_set(
        namespace=("counters",), key="page_views", expected_value=current, new_value=new
    )
    assert again is False  # Somebody has counted since `current` was read.
    item = await store.aget(("counters",), "page_views")
    assert item is not None
    assert item.value == {"count": 42}


@snippet(27)
async def test_05_adelete_if_exists(store: AsyncScyllaDBStore) -> None:
    assert_signature(AsyncScyllaDBStore.adelete_if_exists, PLACE)
    await store.aput(("a",), "k", {})
    assert await store.adelete_if_exists(("a",), "k") is True
    assert await store.adelete_if_exists(("a",), "k") is False


@snippet(28)
@pytest.mark.parametrize("expected", [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])
async def test_05_adelete_if_value(store: AsyncScyllaDBStore, expected: dict[str, Any]) -> None:
    assert_signature(AsyncScyllaDBStore.adelete_if_value, {**PLACE, "expected_value": REQUIRED})
    await store.aput(("a",), "k", {"a": 1, "b": 2})
    assert await store.adelete_if_value(("a",), "k", {"a": 1}) is False
    assert await store.adelete_if_value(("a",), "k", expected) is True
    assert await store.aget(("a",), "k") is None
