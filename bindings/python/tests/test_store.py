"""Items, batches, what is refused."""

from __future__ import annotations

import copy
import math
import pickle
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from common import MEMORY, PLACE, Run

import lgstore
from lgstore import Count, Delete, Get, ListNamespaces, Put, Search, Store
from lgstore._requests import PutBody


def test_an_item_is_put_read_replaced_and_deleted(store: Store) -> None:
    assert store.get(PLACE, "k") is None
    store.put(PLACE, "k", {"n": 1})
    first = store.get(PLACE, "k")
    assert first is not None
    assert (first.namespace, first.key, first.value, first.expires_at) == (PLACE, "k", {"n": 1}, None)
    assert first.created_at == first.updated_at
    assert first.created_at.utcoffset() == timedelta(0)
    store.put(list(PLACE), "k", {"n": 2})
    second = store.get(PLACE, "k")
    assert second is not None
    assert second.value == {"n": 2}
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    assert second.version != first.version
    store.delete(PLACE, "k")
    store.delete(PLACE, "k")
    assert store.get(PLACE, "k") is None
    store.put(PLACE, "k", {})
    store.put(PLACE, "k", None)
    assert store.get(PLACE, "k") is None


def test_awaited_operations_do_the_same(run: Run) -> None:
    async def main() -> None:
        async with Store(MEMORY) as store:
            await store.aput(PLACE, "k", {"n": 1})
            item = await store.aget(PLACE, "k")
            assert item is not None
            assert item.value == {"n": 1}
            assert [one.key for one in await store.asearch(("python",))] == ["k"]
            assert await store.alist_namespaces() == [PLACE]
            assert await store.abatch([Get(PLACE, "k"), Get(PLACE, "none")]) == [item, None]
            assert (await store.acompare_and_set(PLACE, "k", {"n": 2}, expected_version=item.version)).applied
            assert [one.value async for one in store.aiter_search(())] == [{"n": 2}]
            assert [one async for one in store.aiter_namespaces()] == [PLACE]
            assert await store.adelete_prefix(()) == 1
            assert (await store.ahealth()).status == "healthy"

    run(main())


def test_times_to_live(store: Store) -> None:
    store.put(PLACE, "short", {}, ttl=60.5)
    store.put(PLACE, "none", {}, ttl=None)
    store.put(PLACE, "default", {}, ttl=lgstore.NOT_PROVIDED)
    item = store.get(PLACE, "short")
    assert item is not None
    assert item.expires_at is not None
    assert item.expires_at - item.updated_at == timedelta(seconds=60.5)
    store.advance(60)
    assert store.get(PLACE, "short", refresh_ttl=True) is not None
    store.advance(60)
    assert store.get(PLACE, "short") is not None
    store.advance(61)
    assert store.get(PLACE, "short", refresh_ttl=False) is None
    assert store.sweep() == 1
    assert store.count() == 2
    with pytest.raises(lgstore.ValidationError, match="ttl"):
        store.put(PLACE, "k", {}, ttl=0)


def test_a_time_to_live_of_none_is_not_the_default() -> None:
    with Store({**MEMORY, "ttl": {"default_ttl": 60, "sweep_interval": None}}) as store:
        store.put(PLACE, "none", {}, ttl=None)
        store.put(PLACE, "default", {})
        store.batch([Put(PLACE, "none in a batch", {}, None), Put(PLACE, "default in a batch", {})])
        assert [item.key for item in store.search(order="key") if item.expires_at] == ["default", "default in a batch"]


def test_items_are_values(store: Store) -> None:
    store.put(PLACE, "k", {"list": [1]})
    item = store.get(PLACE, "k")
    assert item is not None
    assert pickle.loads(pickle.dumps(item)) == item == copy.deepcopy(item)
    item.value["list"].append(2)
    again = store.get(PLACE, "k")
    assert again is not None
    assert again.value == {"list": [1]}
    with pytest.raises(AttributeError):
        item.key = "other"  # type: ignore[misc]


def test_a_batch(store: Store) -> None:
    store.put(PLACE, "old", {"n": 0})
    results = store.batch(
        [
            Put(PLACE, "new", {"n": 1}, 60),
            Get(PLACE, "old"),
            Get(PLACE, "new"),  # A batch reads what was before it.
            Delete(PLACE, "old"),
            Search((), {"n": 0}, 5),
            ListNamespaces(limit=1),
            Count(()),
        ]
    )
    assert results[0] is None
    assert results[1].value == {"n": 0}
    assert results[2:4] == [None, None]
    assert [item.key for item in results[4].items] == ["old"]
    assert results[5].namespaces == [PLACE]
    assert results[6] == 1
    assert store.batch([Get(PLACE, "old"), Get(PLACE, "new")])[0] is None
    assert store.batch([]) == []
    assert store.batch((Get(PLACE, key) for key in "ab"), mode="sequential") == [None, None]
    store.batch([Put(PLACE, "a", {}), Put(PLACE, "b", {})], atomicity="logged")
    assert store.count(PLACE) == 3


def test_one_operation_of_a_batch_fails_for_itself() -> None:
    with Store({"backend": "fault"}) as store:
        store.put(PLACE, "k", {})
    config = {"backend": "fault", "fault": {"fail_every": 2}}
    failing = Store(config)
    ops = [Put(PLACE, str(n), {}) for n in range(4)]
    results: list[Any] = []
    for _ in range(8):
        try:
            results += failing.batch(ops, return_exceptions=True)
        except lgstore.LgstoreError as error:  # the whole batch's
            results.append(error)
    failures = [one for one in results if one is not None]
    assert failures
    assert all(isinstance(one, lgstore.LgstoreError) for one in failures)
    failing.close()


def test_what_is_wrong_with_a_batch_is_named(store: Store) -> None:
    with pytest.raises(TypeError, match=r"ops\[1\].value.a: set is not JSON"):
        store.batch([Get(PLACE, "k"), Put(PLACE, "k", {"a": {1}})])
    with pytest.raises(lgstore.ValidationError) as caught:
        store.batch([Get(PLACE, "k"), Put((), "k", {})])
    assert caught.value.field == "ops[1].namespace"
    assert store.count() == 0


@pytest.mark.parametrize("wrong", [("x",), None, {"op": "get"}, PutBody(namespace=("a",), key="k", value={})])
def test_what_is_no_operation_is_refused(store: Store, wrong: Any) -> None:
    with pytest.raises(lgstore.ValidationError, match="no operation") as caught:
        store.batch([Put(("a",), "k", {}), wrong])
    assert caught.value.field == "ops[1]"
    assert store.count() == 0


def test_operations_stay_as_they_are(store: Store) -> None:
    value, key = MappingProxyType({"n": 1}), Key("k")
    put = Put(Labels(["a"]), key, value)
    get = Get(Labels(["a"]), key)
    for _ in range(2):
        store.batch([put, get])
    assert put.value is value
    assert put.key is key
    assert type(put.namespace) is type(get.namespace) is Labels


class Labels(list[str]):
    """A list that is not just one."""


class Key(str):
    """A text that is not just one."""

    __slots__ = ()


def test_configurations(tmp_path: Any) -> None:
    path = str(tmp_path / "store.db")
    with Store(f"file:{path}") as store:
        store.put(PLACE, "k", {"n": 1})
    with Store({"backend": "embedded", "path": path}) as store:
        item = store.get(PLACE, "k")
        assert item is not None
        store.backup(str(tmp_path / "copy.db"))
    with Store(f'{{"path":"{tmp_path}/copy.db"}}') as store:
        assert store.get(PLACE, "k") == item
        assert store.cluster_info()["backend"] == "file"
        assert store.migrate(dry_run=True) is None
        store.reindex()
        store.warmup()


def test_wrong_configurations_are_refused() -> None:
    with pytest.raises(lgstore.ValidationError, match="durability") as caught:
        Store({"backend": "embedded", "durabilty": "normal"})
    assert caught.value.field == "durabilty"
    with pytest.raises(TypeError, match=r"config\.path: PosixPath"):
        Store({"path": __import__("pathlib").PosixPath("x")})
    with pytest.raises(lgstore.LgstoreError), Store("file:/nowhere/to/be/found/x.db"):
        pass


def test_entering_and_leaving(store: Store) -> None:
    with Store(MEMORY) as one:
        one.put(PLACE, "k", {})
    one.close()
    assert "closed" in repr(one)
    for call in (lambda: one.get(PLACE, "k"), lambda: one.metrics(), lambda: one.call("health"), one.reset_breaker):
        with pytest.raises(lgstore.ClosedError):
            call()


def test_counts(store: Store) -> None:
    store.put(PLACE, "k", {})
    metrics = store.metrics(reset=True)
    assert metrics["operations"]["put"]["count"] == 1
    assert store.metrics()["operations"].get("put", {"count": 0})["count"] == 0
    assert "# TYPE lgstore_" in store.metrics_prometheus()
    store.reset_breaker()
    health = store.health(write=True)
    assert health.status == health.checks["write"].status == "healthy"


def test_a_runtime_of_ones_own() -> None:
    with lgstore.Runtime(worker_threads=2, max_blocking_threads=2) as runtime:
        with Store(MEMORY, runtime=runtime) as store:
            store.put(PLACE, "k", {})
        still_open = Store(MEMORY, runtime=runtime)
        with pytest.raises(lgstore.DeadlineError):
            runtime.close(0.05)
        still_open.close()
    with pytest.raises(lgstore.ClosedError):
        Store(MEMORY, runtime=runtime)
    with pytest.raises(lgstore.ValidationError, match="worker_threads"):
        lgstore.Runtime(worker_threads=-1)


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, True, "1", 1e30])
def test_an_end_takes_a_number_of_seconds(wrong: Any) -> None:
    runtime = lgstore.Runtime()
    store = Store(MEMORY, runtime=runtime)
    for end in (store, runtime):
        with pytest.raises(lgstore.ValidationError) as caught:
            end.close(wrong)
        assert caught.value.field == "timeout"
    store.put(PLACE, "k", {})
    store.close(0.5)
    runtime.close(60)
    runtime.close(0)
