"""Chapter 3 of the guide: Installation & Setup. Its driver sessions are options here."""

from __future__ import annotations

from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore, ConsistencyLevel, ExecutionProfile, TTLConfig

from .guide import snippet


@snippet(3)
async def test_03_basic_setup(place: dict[str, Any]) -> None:
    store = AsyncScyllaDBStore(
        **place,  # contact_points=["127.0.0.1"], keyspace="my_keyspace"
        ttl=TTLConfig(
            default_ttl=3600.0,  # 1 hour default TTL
            refresh_on_read=True,  # Refresh TTL on read
        ),
    )
    await store.setup()
    await store.setup()  # It may be said again.
    await store.aput(("a",), "k", {})
    item = await store.aget(("a",), "k")
    assert item is not None
    assert item.expires_at is not None
    assert 3590 < (item.expires_at - item.updated_at).total_seconds() < 3610
    await store.aclose()
    await store.aclose()


@snippet(4)
async def test_03_advanced_setup(place: dict[str, Any]) -> None:
    profile = ExecutionProfile(request_timeout=20.0, consistency_level=ConsistencyLevel.LOCAL_QUORUM)
    options: dict[str, Any] = {
        "port": 9042,
        "compression": "lz4",
        "connect": {"timeout": 10.0},
        "execution_profiles": {"default": profile},
    }
    store = AsyncScyllaDBStore(**place, **options, ttl=TTLConfig(default_ttl=7200.0, refresh_on_read=True))
    await store.setup()
    store.enable_circuit_breaker(failure_threshold=5, success_threshold=3, timeout_seconds=30.0)
    store.create_standard_profiles()

    await store.aput(("a",), "k", {"n": 1}, profile="fast_writes")
    item = await store.aget(("a",), "k", profile="strong_reads")
    assert item is not None
    assert item.value == {"n": 1}
    state = store.circuit_breaker.get_state()
    assert (state["state"], state["enabled"]) == ("CLOSED", True)
    await store.aclose()
