"""Chapter 4 of the guide: Core Concepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore, GetOp, Op, PutOp, TTLConfig

from .guide import snippet


@snippet(5)
async def test_04_1_namespaces(store: AsyncScyllaDBStore) -> None:
    namespace: tuple[str, ...] = ("users",)
    await store.aput(namespace, "k", {})
    namespace = ("users", "profile", "settings")
    await store.aput(namespace, "k", {})
    namespaces = [
        ("users", "profile"),  # User profiles
        ("users", "sessions"),  # User sessions
        ("cache", "api", "v1"),  # API cache v1
        ("cache", "api", "v2"),  # API cache v2
    ]
    for namespace in namespaces:
        await store.aput(namespace, "k", {})
    assert await store.alist_namespaces(prefix=("cache",)) == [("cache", "api", "v1"), ("cache", "api", "v2")]
    assert len(await store.asearch(("users",))) == 4


@snippet(6)
async def test_04_2_keys_and_values(store: AsyncScyllaDBStore) -> None:
    await store.aput(
        namespace=("users", "profile"), key="user_123", value={"name": "Alice", "email": "alice@example.com"}
    )
    item = await store.aget(("users", "profile"), "user_123")
    assert item is not None
    assert item.value == {"name": "Alice", "email": "alice@example.com"}
    assert item.created_at == item.updated_at


@snippet(7)
async def test_04_3_time_to_live(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect()
    await store.aput(
        namespace=("sessions",),
        key="session_abc",
        value={"user_id": 123, "token": "xyz"},
        ttl=60.0,  # Expires in 60 seconds
    )
    assert 57 < await lifetime(store, ("sessions",), "session_abc") < 63

    store = connect(ttl=TTLConfig(default_ttl=3600.0, refresh_on_read=True))
    await store.aput(("sessions",), "session_abc", {"user_id": 123, "token": "xyz"}, ttl=60.0)
    # Where the guide is wrong: a refresh gives the item its own 60 seconds again, not the store's hour.
    item = await store.aget(("sessions",), "session_abc")
    assert item is not None
    assert 50 < await lifetime(store, ("sessions",), "session_abc") < 63


async def lifetime(store: AsyncScyllaDBStore, namespace: tuple[str, ...], key: str) -> float:
    item = await store.aget(namespace, key, refresh_ttl=False)
    assert item is not None
    assert item.expires_at is not None
    return (item.expires_at - item.updated_at).total_seconds()


@snippet(8)
async def test_04_4_batch_operations(store: AsyncScyllaDBStore) -> None:
    ops: list[Op] = [PutOp(namespace=("users",), key=f"user_{i}", value={"id": i}) for i in range(10)]
    results = await store.abatch(ops)
    assert results == [None] * 10

    ops = [
        PutOp(namespace=("cache",), key="item1", value={"data": "new"}),
        GetOp(namespace=("cache",), key="item2"),
        PutOp(namespace=("cache",), key="item3", value={"data": "updated"}),
    ]
    results = await store.abatch(ops)
    assert results == [None, None, None]
    found: list[Any] = await store.abatch([GetOp(("cache",), "item1"), GetOp(("users",), "user_7")])
    assert [item.value for item in found] == [{"data": "new"}, {"id": 7}]
