"""How a store is made, and options that change while it is in use."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lgstore
from lgstore.scylladb import (
    AsyncScyllaDBStore,
    ExecutionProfile,
    StoreConfigurationError,
    StoreConnectionError,
    StoreValidationError,
    TTLConfig,
    TTLValidationError,
)


def breaker_of(store: AsyncScyllaDBStore) -> bool:
    return store.circuit_breaker.get_state()["enabled"]


@pytest.mark.parametrize(
    "config",
    [
        "memory:?breaker.enabled=true",
        '{"breaker": {"enabled": true}}',
        {"backend": "embedded", "breaker": {"enabled": True}},
    ],
)
async def test_a_configuration_is_a_url_a_document_or_its_text(config: Any) -> None:
    # What stands in the configuration is kept, and what is said beside it is added.
    options: dict[str, Any] = {"breaker": {"timeout": 9.0}, "limits": {"namespace_labels": 2}}
    async with await AsyncScyllaDBStore.create(config, ttl={"default_ttl": 60.0}, **options) as store:
        assert breaker_of(store)
        await store.aput(("a", "b"), "k", {})
        item = await store.aget(("a", "b"), "k")
        assert item is not None
        assert item.expires_at is not None
        with pytest.raises(StoreValidationError):
            await store.aput(("a", "b", "c"), "k", {})


async def test_an_option_counts_more_than_the_same_in_the_url() -> None:
    async with AsyncScyllaDBStore("memory:?breaker.enabled=true&limits.key_bytes=1", limits={"key_bytes": 3}) as store:
        await store.aput(("a",), "abc", {})
        assert breaker_of(store)


def test_the_environment_is_a_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("LGSTORE_")]:
        monkeypatch.delenv(name)  # Settings of the tests are no options of a store.
    monkeypatch.setenv("LGSTORE_PATH", str(tmp_path / "x.db"))
    store = AsyncScyllaDBStore("")
    store.put(("a",), "k", {})
    store.enable_circuit_breaker()  # The items are in the file, so it may connect anew.
    assert store.get(("a",), "k") is not None
    store.close()
    assert (tmp_path / "x.db").exists()
    monkeypatch.delenv("LGSTORE_PATH")
    store = AsyncScyllaDBStore("")
    store.put(("a",), "k", {})
    with pytest.raises(StoreConfigurationError, match="in memory"):
        store.enable_circuit_breaker()
    store.close()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "contact_points"),
        ({"contact_points": ["h"]}, "keyspace"),
        ({"contact_points": ["h"], "keyspace": "k", "consistancy": "one"}, "consistancy"),
        ({"contact_points": ["h"], "keyspace": "k", "consistency": "most"}, "consistency"),
        ({"config": "memory:", "contact_points": ["h"]}, "contact_points"),
        ({"config": "memory:", "ttl": {"refresh_on_read": 1}}, "ttl.refresh_on_read"),
        ({"config": "{"}, None),
        ({"config": "memory:", "path": Path("x")}, "path"),
        ({"config": {"path": Path("x")}}, None),
        ({"config": "x.db"}, None),
        (
            {"config": "memory:", "execution_profiles": {"p": ExecutionProfile(request_timeout=-1)}},
            "profiles.p.request_timeout",
        ),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_opened(arguments: dict[str, Any], field: str | None) -> None:
    with pytest.raises(StoreConfigurationError) as error:
        AsyncScyllaDBStore(**arguments)
    assert error.value.field == field


@pytest.mark.parametrize("ttl", [0, -1.0, float("nan"), float("inf"), True, "60", 1e12])
def test_a_default_time_to_live_is_checked(ttl: Any) -> None:
    with pytest.raises(TTLValidationError) as error:
        AsyncScyllaDBStore("memory:", ttl=TTLConfig(default_ttl=ttl))
    assert error.value.field == "ttl.default_ttl"
    assert isinstance(error.value, ValueError)


async def test_settings_change_on_a_file_without_losing_anything(tmp_path: Path) -> None:
    async with AsyncScyllaDBStore(f"file:{tmp_path}/x.db") as store:
        await store.aput(("a",), "k", {"n": 1})
        stop = False

        async def write() -> int:
            number = 0
            while not stop:
                number += 1
                await store.aput(("b",), f"{number:06}", {})
            return number

        writing = asyncio.create_task(write())
        for threshold in range(1, 6):
            await asyncio.sleep(0)
            store.enable_circuit_breaker(failure_threshold=threshold)
            store.add_execution_profile(f"p{threshold}", "ONE", 1.0)
            assert await store.aget(("a",), "k", profile=f"p{threshold}") is not None
        stop = True
        written = await writing
        assert written > 0
        assert len(await store.asearch(("b",), limit=100_000)) == written
        assert breaker_of(store)


async def test_threads_that_write_do_not_notice_a_change(tmp_path: Path) -> None:
    store = AsyncScyllaDBStore(f"file:{tmp_path}/x.db", durability="normal")
    await store.setup()
    done = 0

    def write(name: str) -> None:
        for number in range(200):
            store.put((name,), str(number), {})

    writers = [asyncio.create_task(asyncio.to_thread(write, name)) for name in "abcd"]
    while not all(writer.done() for writer in writers):
        store.enable_circuit_breaker(failure_threshold=5 + done % 2)
        done += 1
        await asyncio.sleep(0.005)
    await asyncio.gather(*writers)
    assert done > 1
    assert len(await store.asearch((), limit=1000)) == 800
    await store.aclose()


async def test_items_in_memory_are_never_lost_by_a_change() -> None:
    async with AsyncScyllaDBStore("memory:") as store:
        store.enable_circuit_breaker()  # Nothing is there yet.
        await store.aput(("a",), "k", {})
        with pytest.raises(StoreConfigurationError, match="in memory") as error:
            store.enable_circuit_breaker(failure_threshold=9)
        assert error.value.field == "breaker"
        store.add_execution_profile("mine", "ONE")
        assert await store.aget(("a",), "k", profile="mine") is not None
        assert breaker_of(store)
    with pytest.raises(StoreConfigurationError, match="closed"):
        store.enable_circuit_breaker()
    with pytest.raises(StoreConnectionError):
        await store.get_metrics()


def settled() -> None:
    """Waits until stores that were replaced are closed."""
    for thread in threading.enumerate():
        if thread.name == "lgstore-retire":
            thread.join()


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_request_that_meets_a_store_just_replaced_goes_to_the_new_one(tmp_path: Path, blocking: bool) -> None:
    store = AsyncScyllaDBStore(f"file:{tmp_path}/x.db")
    replaced = False

    class Meanwhile(float):
        """A timeout. While it is looked at, after the request has chosen its store, that one is replaced."""

        def __gt__(self, other: float) -> bool:
            nonlocal replaced
            if not replaced:
                replaced = True
                store.enable_circuit_breaker()
                settled()
            return float(self) > other

    if blocking:
        store.put(("a",), "k", {"n": 1}, timeout=Meanwhile(60.0))
    else:
        await store.aput(("a",), "k", {"n": 1}, timeout=Meanwhile(60.0))
    assert replaced
    item = await store.aget(("a",), "k")
    assert item is not None
    await store.aclose()


async def test_the_native_store_stays_open_through_a_change(tmp_path: Path) -> None:
    store = AsyncScyllaDBStore(f"file:{tmp_path}/x.db")
    native = store.native
    store.enable_circuit_breaker()
    settled()
    native.put(("a",), "k", {"n": 1})
    item = await store.aget(("a",), "k")
    assert item is not None
    assert item.value == {"n": 1}
    assert store.native.count(()) == 1
    await store.aclose()
    with pytest.raises(lgstore.ClosedError):
        native.get(("a",), "k")


async def test_a_profile_of_a_url_is_kept_beside_a_new_one(cluster: dict[str, Any]) -> None:
    place = f"scylla://{','.join(cluster['contact_points'])}/{cluster['keyspace']}"
    one: dict[str, Any] = {"profiles": {"first": {"consistency": "one"}}}
    async with AsyncScyllaDBStore(place, **one) as store:
        store.add_execution_profile("second", "LOCAL_ONE", 3.0)
        await store.aput(("a",), "k", {}, profile="first")
        assert await store.aget(("a",), "k", profile="second") is not None


async def test_langgraph_has_the_same_items_and_counts_minutes(
    connect: Callable[..., AsyncScyllaDBStore],
) -> None:
    pytest.importorskip("lgstore.langgraph")
    store = connect(ttl=TTLConfig(default_ttl=3600.0, refresh_on_read=True))
    theirs = store.langgraph()
    assert theirs.ttl_config is not None
    assert theirs.ttl_config["default_ttl"] == 60.0
    await theirs.aput(("users", "ada"), "theme", {"mode": "dark"})
    item = await store.aget(("users", "ada"), "theme")
    assert item is not None
    assert item.value == {"mode": "dark"}
    assert item.expires_at is not None
    assert abs((item.expires_at - item.updated_at).total_seconds() - 3600) <= 2
    await store.aput(("users", "ada"), "theme", {"mode": "light"}, ttl=None)
    found = await theirs.asearch(("users",))
    assert [one.value for one in found] == [{"mode": "light"}]
    # What LangGraph refuses, this store's own interface allows.
    with pytest.raises(ValueError, match="langgraph"):
        await theirs.aput(("langgraph", "x"), "k", {})


def test_options_are_written_into_a_url_as_it_needs_them() -> None:
    store = AsyncScyllaDBStore("memory:?indexes=a,b", metrics={"store": "a&b=c?d #%é"})
    text = store.native.metrics_prometheus()
    assert 'store="a&b=c?d #%é"' in text
    assert "scylladb_store_queries_total" in text
    store.close()
    store = AsyncScyllaDBStore("memory:?metrics.legacy_names=false")
    assert "scylladb_store" not in store.native.metrics_prometheus()
    store.close()
