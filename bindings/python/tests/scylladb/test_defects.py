"""Mistakes of the code that the guide describes, V1 to V31, as far as they concern this facade: each done right here.

V12 to V16 (vectors), V21 (secret managers), V25 (alerts) and V31 (SAI) name what this store does not have. V3 and V4
are ``test_guide_06_advanced.py``, V22 and V23 are ``test_guide_08_monitoring.py``, V24 is in
``test_guide_10_production.py``, V27 is ``test_12_5_langgraph_state``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

import lgstore
from lgstore.scylladb import (
    AsyncScyllaDBStore,
    BatchOperationError,
    GetOp,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    RateLimitExceeded,
    SearchOp,
    StoreConfigurationError,
    StoreUnavailableError,
    StoreValidationError,
    TTLConfig,
)
from lgstore.scylladb._sync import Blocking


async def test_v01_a_prefix_ends_where_a_label_ends(store: AsyncScyllaDBStore) -> None:
    for root in ("users", "users2", "user", "users-a", "users\uffff"):
        await store.aput((root, "x"), "k", {"root": root})
    assert [item.namespace for item in await store.asearch(("users",))] == [("users", "x")]
    assert await store.alist_namespaces(prefix=("users",)) == [("users", "x")]


async def test_v02_a_search_reads_no_more_than_it_needs(cluster: dict[str, Any]) -> None:
    async with AsyncScyllaDBStore(**cluster) as store:
        await store.abatch([PutOp(("a",), f"{i:04}", {"i": i}) for i in range(600)])
        await store.reset_metrics()
        found = await store.asearch(("a",), limit=10, fetch_size=20)
        assert [item.value["i"] for item in found] == list(range(10))
        assert store.native.metrics()["counters"]["scan_pages"] == 1
        await store.reset_metrics()
        found = await store.asearch(("a",), limit=600, fetch_size=20)
        assert len(found) == 600
        assert store.native.metrics()["counters"]["scan_pages"] >= 30


async def test_v02_the_order_is_the_one_that_was_asked_for(store: AsyncScyllaDBStore) -> None:
    for key in ("b", "c", "a"):
        await store.aput(("a",), key, {})
    await store.aput(("a",), "b", {"n": 2})
    assert [item.key for item in await store.asearch(("a",))] == ["a", "b", "c"]
    assert [item.key for item in await store.asearch(("a",), order="updated_at desc")] == ["b", "a", "c"]


async def test_v05_a_put_of_none_deletes_in_a_batch_too(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.aput(("a",), "l", {})
    await store.abatch([PutOp(("a",), "k", None)])
    await store.aput(("a",), "l", None)
    assert await store.asearch(()) == []


async def test_v06_a_batch_reads_items_that_expire(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect(ttl=TTLConfig(default_ttl=60.0, refresh_on_read=True))
    await store.aput(("a",), "k", {"n": 1})
    found, missing = await store.abatch([GetOp(("a",), "k"), GetOp(("a",), "none")])
    assert found.value == {"n": 1}
    assert missing is None


async def test_v07_a_batch_lists_namespaces(store: AsyncScyllaDBStore) -> None:
    for namespace in [("users", "1", "memories"), ("users", "2", "memories"), ("users", "2", "files")]:
        await store.aput(namespace, "k", {})
    conditions = [MatchCondition("prefix", ("users", "*")), MatchCondition("suffix", ("memories",))]
    listed, searched = await store.abatch([ListNamespacesOp(conditions), SearchOp(("users", "2"))])
    assert listed == [("users", "1", "memories"), ("users", "2", "memories")]
    assert [item.namespace for item in searched] == [("users", "2", "files"), ("users", "2", "memories")]


async def test_v08_a_batch_hides_no_failure(cluster: dict[str, Any]) -> None:
    # A search by time reads all its matches, and may read one row only: it fails while the puts succeed.
    async with AsyncScyllaDBStore(**cluster, search={"max_examined": 1, "default_order": "updated_at"}) as store:
        await store.abatch([PutOp(("old",), str(i), {"n": i}) for i in range(5)])
        with pytest.raises(BatchOperationError) as error:
            await store.abatch([PutOp(("new",), "a", {}), SearchOp(("old",)), GetOp(("old",), "3")])
        assert set(error.value.errors) == {1}
        assert "max_examined" in str(error.value.errors[1])
        assert error.value.results[0] is None
        assert error.value.results[1] is None
        assert error.value.results[2].value == {"n": 3}
        assert await store.aget(("new",), "a") is not None


async def test_v08_a_batch_of_which_everything_fails_alike_raises_that(cluster: dict[str, Any]) -> None:
    async with AsyncScyllaDBStore(**cluster) as store:
        info = store.native.cluster_info()
        if sum(len(nodes) for nodes in info["datacenters"].values()) > 2:
            pytest.skip("three replicas are there")
        store.add_execution_profile("three", "THREE", 5.0)
        with pytest.raises(StoreUnavailableError) as error:
            await store.abatch([PutOp(("a", str(i)), "k", {}) for i in range(3)], profile="three")
        assert error.value.required_replicas == 3
        assert await store.asearch(("a",)) == []


async def test_v08_reads_of_a_batch_see_what_was_there_before(store: AsyncScyllaDBStore) -> None:
    for turn in range(20):
        before = await store.abatch([PutOp(("a",), "k", {"turn": turn}), GetOp(("a",), "k")])
        assert before[1] is None if turn == 0 else before[1].value == {"turn": turn - 1}


async def test_v09_times_to_live_are_seconds(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect(ttl=TTLConfig(default_ttl=120.0))
    await store.aput(("a",), "default", {})
    await store.aput(("a",), "own", {}, ttl=30)
    await store.abatch([PutOp(("a",), "batched", {}, ttl=90.0), PutOp(("a",), "default2", {})])
    await store.aput_if_not_exists(("a",), "conditional", {}, ttl=60.0)
    expected = {"default": 120, "own": 30, "batched": 90, "default2": 120, "conditional": 60}
    for key, seconds in expected.items():
        item = await store.aget(("a",), key)
        assert item is not None
        assert abs(lives(item) - seconds) <= 2, key  # a cluster's expiries are ± 1 s
    for ttl in (0, -1, float("nan"), 1e12, True, "60"):
        with pytest.raises(StoreValidationError) as error:
            await store.aput(("a",), "k", {}, ttl=ttl)  # type: ignore[arg-type]
        assert error.value.field == "ttl"


def lives(item: lgstore.Item) -> int:
    """Seconds from the write to the expiry."""
    assert item.expires_at is not None
    return round((item.expires_at - item.updated_at).total_seconds())


async def test_v09_langgraphs_operations_count_seconds_here() -> None:
    base = pytest.importorskip("langgraph.store.base")
    async with AsyncScyllaDBStore("memory:", test_clock=True, ttl=TTLConfig(default_ttl=120.0)) as store:
        await store.abatch(
            [
                base.PutOp(("a",), "own", {}, None, 30.0),
                base.PutOp(("a",), "default", {}),
                base.GetOp(("a",), "x"),
            ]
        )
        own, default, listed, searched = await store.abatch(
            [
                base.GetOp(("a",), "own"),
                base.GetOp(("a",), "default"),
                base.ListNamespacesOp((base.MatchCondition("suffix", ["a"]),)),
                base.SearchOp(("a",), limit=1),
            ]
        )
        assert lives(own) == 30
        # Its ttl=None is what it holds when nothing was said.
        assert lives(default) == 120
        assert listed == [("a",)]
        assert len(searched) == 1
        # Nor does its refresh_ttl=True ask for a refresh that the store is not configured for.
        await advance(store, 20)
        await store.abatch([base.GetOp(("a",), "own")])
        again = await store.aget(("a",), "own")
        assert again is not None
        assert again.expires_at == own.expires_at


async def test_v10_a_refresh_changes_nothing_but_the_expiry() -> None:
    async with AsyncScyllaDBStore("memory:", test_clock=True, ttl=TTLConfig(refresh_on_read=True)) as store:
        await store.aput(("a",), "k", {"n": 1}, ttl=60.0)
        before = await store.aget(("a",), "k", refresh_ttl=False)
        assert before is not None
        assert before.expires_at is not None
        for _ in range(5):
            await advance(store, 40)
            stale = await store.aget(("a",), "k")
            assert stale is not None
            await moved(store, stale)
        after = await store.aget(("a",), "k", refresh_ttl=False)
        assert after is not None
        assert after.expires_at is not None
        # 200 seconds by the store's clock, and what the test took by everybody's.
        assert timedelta(seconds=200) <= after.expires_at - before.expires_at < timedelta(seconds=230)
        assert (after.value, after.created_at, after.updated_at, after.version) == (
            before.value,
            before.created_at,
            before.updated_at,
            before.version,
        )
        # A call's own word counts more than the store's.
        await advance(store, 40)
        await store.aget(("a",), "k", refresh_ttl=False)
        await advance(store, 21)
        assert await store.aget(("a",), "k") is None


async def moved(store: AsyncScyllaDBStore, stale: lgstore.Item) -> None:
    """Waits for a refresh, which comes after the answer of its read."""
    while True:
        item = await store.aget(("a",), "k", refresh_ttl=False)
        assert item is not None
        if item.expires_at != stale.expires_at:
            return
        await asyncio.sleep(0.001)


async def advance(store: AsyncScyllaDBStore, seconds: int) -> None:
    await store.native.acall("advance", json.dumps({"seconds": seconds}).encode())


async def test_v10_reads_that_refresh_lose_no_write(connect: Callable[..., AsyncScyllaDBStore]) -> None:
    store = connect(ttl=TTLConfig(default_ttl=60.0, refresh_on_read=True))
    await store.aput(("a",), "k", {"n": 0})
    for turn in range(1, 30):
        await asyncio.gather(
            store.aput(("a",), "k", {"n": turn}),
            *(store.aget(("a",), "k", refresh_ttl=True) for _ in range(5)),
        )
        item = await store.aget(("a",), "k")
        assert item is not None
        assert item.value == {"n": turn}


async def test_v11_a_put_keeps_when_the_item_was_created(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {"n": 1})
    first = await store.aget(("a",), "k")
    await store.aput(("a",), "k", {"n": 2})
    second = await store.aget(("a",), "k")
    assert first is not None
    assert second is not None
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    await store.adelete(("a",), "k")
    await store.aput(("a",), "k", {"n": 3})
    third = await store.aget(("a",), "k")
    assert third is not None
    assert third.created_at > second.updated_at


async def test_v17_values_compare_as_json(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {"a": 1, "b": {"c": [1, 2.5], "d": "é"}})
    same = {"b": {"d": "é", "c": [1.0, 2.5]}, "a": 1}
    assert await store.acompare_and_set(("a",), "k", same, {"n": 2}) is True
    assert await store.acompare_and_set(("a",), "k", {"n": True}, {}) is False
    assert await store.adelete_if_value(("a",), "k", {"n": 2.0}) is True


async def test_v18_the_whole_store_may_be_searched(store: AsyncScyllaDBStore) -> None:
    await store.aput(("a",), "k", {})
    await store.aput(("b", "c"), "k", {})
    assert [item.namespace for item in await store.asearch(())] == [("a",), ("b", "c")]


async def test_v19_v20_options_reach_the_cluster(cluster: dict[str, Any]) -> None:
    # V19: the keyspace of these tests was made by setup() on however few nodes there are.
    async with AsyncScyllaDBStore(**cluster, consistency="all", compression="lz4") as store:
        await store.aput(("a",), "k", {})
    tls = {"enabled": True, "ca_file": __file__}
    async with aclosing(AsyncScyllaDBStore(**cluster, tls=tls)) as store:
        with pytest.raises(StoreConfigurationError, match="no certificate") as error:
            await store.setup()
        assert error.value.field == "tls.ca_file"


async def test_v26_each_operation_has_its_own_limit_per_minute() -> None:
    limits = {
        "requests_per_minute": 60,
        "burst": 3,
        "operations": {"search": {"requests_per_minute": 60, "burst": 1}},
    }
    async with AsyncScyllaDBStore("memory:", rate_limit=limits) as store:
        for i in range(3):
            await store.aput(("a",), str(i), {})
        with pytest.raises(RateLimitExceeded) as error:
            await store.aput(("a",), "3", {})
        assert error.value.retry_after is not None
        assert 0 < error.value.retry_after <= 1.0
        assert error.value.retryable
        # Puts have used up theirs, not that of others.
        await store.asearch(("a",))
        with pytest.raises(RateLimitExceeded):
            await store.asearch(("a",))
        assert await store.aget(("a",), "3") is None


async def test_v28_filters_compare_only_what_can_be_compared(store: AsyncScyllaDBStore) -> None:
    values: dict[str, dict[str, Any]] = {"none": {}, "text": {"age": "40"}, "young": {"age": 20}, "old": {"age": 40}}
    for key, value in values.items():
        await store.aput(("a",), key, value)
    assert [item.key for item in await store.asearch(("a",), filter={"age": {"$gt": 30}})] == ["old"]
    with pytest.raises(StoreValidationError, match=r"Unsupported operator: \$near") as error:
        await store.asearch(("a",), filter={"age": {"$near": 30}})
    assert error.value.field is not None
    assert error.value.field.startswith("filter")


async def test_v29_blocking_calls_work_inside_a_running_loop(store: AsyncScyllaDBStore) -> None:
    store.put(("a",), "k", {"n": 1}, ttl=60)
    item, same = await store.aget(("a",), "k"), store.get(("a",), "k")
    assert item is not None
    assert same is not None
    assert (item.value, item.version) == (same.value, same.version)


def test_v29_one_store_serves_several_loops_and_threads(store: AsyncScyllaDBStore) -> None:
    failures: list[BaseException] = []

    async def several(name: str) -> None:
        for i in range(20):
            await asyncio.gather(*(store.aput(("a", name), f"{i}-{j}", {}) for j in range(5)))

    def loop(name: str) -> None:
        try:
            asyncio.run(several(name))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=loop, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for n in range(20):
        store.put(("a", "main"), str(n), {})
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.search(("a",), limit=1000)) == 4 * 100 + 20


def test_v29_every_operation_has_its_blocking_twin(store: AsyncScyllaDBStore) -> None:
    assert store.put_if_not_exists(("a",), "k", {"n": 1}) is True
    assert store.put_if_not_exists(("a",), "k", {"n": 1}) is False
    assert store.update_if_exists(("a",), "k", {"n": 2}) is True
    assert store.compare_and_set(("a",), "k", {"n": 2}, {"n": 3}) is True
    assert store.delete_if_value(("a",), "k", {"n": 2}) is False
    assert store.delete_if_exists(("a",), "k") is True
    store.batch([PutOp(("a",), "l", {})])
    assert store.list_namespaces() == [("a",)]
    store.delete(("a",), "l")
    assert store.search(("a",)) == []


def test_v30_nothing_else_has_to_be_installed() -> None:
    program = """
import sys
sys.modules["langgraph"] = None
from lgstore.scylladb import AsyncScyllaDBStore, PutOp
store = AsyncScyllaDBStore("memory:")
store.batch([PutOp(("a",), "k", {"n": 1})])
print(store.get(("a",), "k").value, [name for name in ("cassandra", "qdrant_client") if name in sys.modules])
try:
    store.langgraph()
except ImportError:
    print("langgraph is missing")
store.close()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.returncode) == ("{'n': 1} []\nlanggraph is missing\n", 0), ran.stderr


def test_v29_twins_take_the_same_arguments() -> None:
    twins = [(name, method) for name, method in vars(Blocking).items() if callable(method) and not name.startswith("_")]
    assert len(twins) == 11
    for name, method in twins:
        assert inspect.signature(method) == inspect.signature(getattr(AsyncScyllaDBStore, "a" + name))
