"""Chapter 12 of the guide: Examples & Use Cases. ``examples/python`` has them as programs, mended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore, PutOp, TTLConfig

from .guide import snippet


@snippet(52)
async def test_12_1_session_management(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect(ttl=TTLConfig(refresh_on_read=True))
    session_id, user_id, ip = "abc", 123, "192.0.2.1"
    await store.aput(
        namespace=("sessions",),
        key=f"session_{session_id}",
        value={"user_id": user_id, "ip_address": ip, "created_at": datetime.now().isoformat()},
        ttl=1800.0,  # 30 minutes
    )
    session = await store.aget(("sessions",), f"session_{session_id}")
    assert session is not None
    assert session.value["user_id"] == 123
    assert session.expires_at is not None
    await store.adelete(("sessions",), f"session_{session_id}")
    assert await store.aget(("sessions",), f"session_{session_id}") is None


@snippet(53)
async def test_12_2_distributed_locking(store: AsyncScyllaDBStore) -> None:
    async def acquire_lock(resource_id: str, worker_id: str, ttl: float = 30.0) -> bool:
        """Acquire distributed lock."""
        return await store.aput_if_not_exists(
            namespace=("locks",),
            key=resource_id,
            value={"owner": worker_id, "acquired_at": datetime.now(timezone.utc).isoformat()},
            ttl=ttl,
        )

    async def release_lock(resource_id: str, worker_id: str) -> bool:
        """Release lock only if we own it."""
        item = await store.aget(("locks",), resource_id)
        if item and item.value.get("owner") == worker_id:
            return await store.adelete_if_value(namespace=("locks",), key=resource_id, expected_value=item.value)
        return False

    assert await acquire_lock("task_123", "worker_1")
    try:
        assert not await acquire_lock("task_123", "worker_2")
        assert not await release_lock("task_123", "worker_2")
    finally:
        assert await release_lock("task_123", "worker_1")
    assert await acquire_lock("task_123", "worker_2")
    # What it lacks, a token that keeps out who has slept past the ttl, distributed_locking.py adds.


@snippet(54)
async def test_12_3_api_response_caching(store: AsyncScyllaDBStore) -> None:
    calls: list[dict[str, Any]] = []

    async def call_external_api(endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
        calls.append(params)
        return {"endpoint": endpoint, "answer": 42}

    async def cached_api_call(endpoint: str, params: dict[str, Any], ttl: float = 300.0) -> dict[str, Any]:
        """Cache API responses."""
        cache_key = hashlib.md5(f"{endpoint}:{json.dumps(params, sort_keys=True)}".encode()).hexdigest()
        cached = await store.aget(("api_cache", "v1"), cache_key)
        if cached:
            return cached.value
        response = await call_external_api(endpoint, params)
        await store.aput(namespace=("api_cache", "v1"), key=cache_key, value=response, ttl=ttl)
        return response

    first = await cached_api_call("/answer", {"a": 1, "b": 2})
    assert await cached_api_call("/answer", {"b": 2, "a": 1}) == first
    assert len(calls) == 1
    await cached_api_call("/answer", {"a": 2, "b": 2})
    assert len(calls) == 2


@snippet(55)
async def test_12_4_rate_limiting(store: AsyncScyllaDBStore) -> None:
    clock = 1_000_000.0

    async def check_rate_limit(user_id: str, limit: int = 100, window: int = 60) -> bool:
        """Token bucket rate limiting."""
        key = f"rate_limit_{user_id}"
        item = await store.aget(("rate_limits",), key)
        now = clock  # datetime.now(timezone.utc).timestamp()
        if item:
            tokens = item.value["tokens"]
            last_refill = item.value["last_refill"]
            elapsed = now - last_refill
            refill_amount = int(elapsed / window * limit)
            tokens = min(limit, tokens + refill_amount)
            last_refill = now
        else:
            tokens = limit
            last_refill = now
        if tokens > 0:
            tokens -= 1
            allowed = True
        else:
            allowed = False
        await store.aput(
            namespace=("rate_limits",),
            key=key,
            value={"tokens": tokens, "last_refill": last_refill},
            ttl=window * 2.0,  # Keep state for 2 windows
        )
        return allowed

    # One caller at a time it holds. Two at once may both take the last token, and frequent callers are
    # never refilled (`int` of a fraction, again and again): rate_limiting.py mends both.
    assert [await check_rate_limit("u", limit=3) for _ in range(5)] == [True, True, True, False, False]
    clock += 60
    assert [await check_rate_limit("u", limit=3) for _ in range(4)] == [True, True, True, False]


@snippet(56)
async def test_12_5_langgraph_state(store: AsyncScyllaDBStore) -> None:
    conversation_id = "7"
    messages, context, state = [{"role": "user", "content": "hi"}], {"lang": "en"}, {"step": 1}
    # The root label "langgraph", which LangGraph's own stores refuse, is allowed here.
    await store.aput(
        namespace=("langgraph", "conversations"),
        key=f"conv_{conversation_id}",
        value={"messages": messages, "context": context, "state": state},
        ttl=86400.0,  # 24 hours
    )
    conv = await store.aget(("langgraph", "conversations"), f"conv_{conversation_id}")
    assert conv is not None
    assert conv.value == {"messages": messages, "context": context, "state": state}

    updates: dict[str, dict[str, Any]] = {"7": {"step": 2}, "8": {"step": 1}}
    ops = [
        PutOp(namespace=("langgraph", "conversations"), key=f"conv_{conv_id}", value=state)
        for conv_id, state in updates.items()
    ]
    await store.abatch(ops)
    found = await store.asearch(("langgraph", "conversations"))
    assert {item.key: item.value for item in found} == {"conv_7": {"step": 2}, "conv_8": {"step": 1}}
