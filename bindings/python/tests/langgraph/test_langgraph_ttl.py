"""Times to live: minutes, the configuration, refresh on read, the sweeper."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest
from langgraph.store.base import NOT_PROVIDED, GetOp, PutOp, SearchOp

import lgstore
from lgstore.langgraph import LGStore, _ttl

Advance = Callable[[LGStore, float], None]
Open = Callable[..., LGStore]


def left(store: LGStore, key: str) -> float | None:
    """Minutes from the last write to the expiry of an item."""
    item = store.get_versioned(("a",), key, refresh_ttl=False)
    return item.expires_at and (item.expires_at - item.updated_at).total_seconds() / 60


@pytest.mark.parametrize("minutes", [1, 0.5, 0.4, 0.05, 1.5, 2.5, 60 * 24 * 365.0])
def test_ttl_is_in_minutes_and_exact(store: LGStore, minutes: float) -> None:
    store.put(("a",), "put", {}, ttl=minutes)
    store.batch([PutOp(("a",), "batch", {}, None, minutes)])
    asyncio.run(store.aput(("a",), "aput", {}, ttl=minutes))
    for key in ("put", "batch", "aput"):
        assert left(store, key) == pytest.approx(minutes, abs=0.005)


def test_expired_items_are_gone_at_once_for_every_read(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {"n": 1}, ttl=0.5)
    advance(store, 29)
    assert store.get(("a",), "k", refresh_ttl=False) is not None
    advance(store, 2)
    assert store.get(("a",), "k") is None
    assert store.search(("a",)) == []
    assert store.search(("a",), filter={"n": 1}) == []
    assert store.list_namespaces() == []
    assert store.count() == 0
    assert store.batch([GetOp(("a",), "k"), SearchOp(("a",))]) == [None, []]
    assert store.sweep_ttl() == 1
    assert store.sweep_ttl() == 0


def test_an_expired_item_is_not_revived_by_reading_it(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=1)
    advance(store, 61)
    assert store.get(("a",), "k", refresh_ttl=True) is None
    assert store.get(("a",), "k") is None


def test_reads_refresh_with_the_item_s_own_ttl_fractions_included(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=0.4)
    for _ in range(5):
        advance(store, 20)
        assert store.get(("a",), "k") is not None
    before = store.get(("a",), "k", refresh_ttl=False)
    advance(store, 25)
    assert store.get(("a",), "k") is None
    assert before.updated_at == before.created_at


def test_searches_refresh_exactly_what_they_return(store: LGStore, advance: Advance) -> None:
    for key in ("old", "new"):
        store.put(("a",), key, {}, ttl=1)
    advance(store, 40)
    assert [one.key for one in store.search(("a",), limit=1)] == ["new"]
    advance(store, 40)
    assert [one.key for one in store.search(("a",))] == ["new"]


@pytest.mark.parametrize(
    ("ttl", "asked", "refreshed"),
    [
        (None, None, True),
        (None, False, False),
        ({"default_ttl": 1}, None, True),
        ({"default_ttl": 1, "refresh_on_read": False}, None, False),
        ({"default_ttl": 1, "refresh_on_read": False}, True, True),
        ({"default_ttl": 1, "refresh_on_read": True}, False, False),
    ],
)
def test_who_decides_about_a_refresh(
    open_store: Open, advance: Advance, ttl: Any, asked: bool | None, refreshed: bool
) -> None:
    store = open_store(ttl=ttl)
    for key in ("get", "search", "batch"):
        store.put((key,), "k", {}, ttl=1)
    advance(store, 40)
    store.get(("get",), "k", refresh_ttl=asked)
    store.search(("search",), refresh_ttl=asked)
    store.batch([GetOp(("batch",), "k", asked)])
    advance(store, 40)
    for key in ("get", "search", "batch"):
        assert (store.get((key,), "k") is not None) == refreshed, key


def test_each_get_of_a_batch_has_its_own_flag(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "yes", {}, ttl=1)
    store.put(("a",), "no", {}, ttl=1)
    advance(store, 40)
    store.batch([GetOp(("a",), "yes", True), GetOp(("a",), "no", False)])
    advance(store, 40)
    assert [one.key for one in store.search(("a",))] == ["yes"]


def test_default_ttl_none_and_overwrite(open_store: Open) -> None:
    store = open_store(ttl={"default_ttl": 2.5})
    store.put(("a",), "default", {})
    store.put(("a",), "never", {}, ttl=None)
    store.put(("a",), "own", {}, ttl=7)
    store.put_if_absent(("a",), "conditional", {})
    assert [left(store, key) for key in ("default", "never", "own", "conditional")] == [2.5, None, 7, 2.5]
    store.put(("a",), "own", {})
    assert left(store, "own") == 2.5
    store.put(("a",), "own", {}, ttl=None)
    assert left(store, "own") is None


def test_without_a_default_an_overwrite_removes_the_expiry(store: LGStore) -> None:
    store.put(("a",), "k", {}, ttl=1)
    store.put(("a",), "k", {})
    assert left(store, "k") is None


def test_a_default_of_the_core_counts_where_the_adapter_has_none(config: dict[str, Any]) -> None:
    core = {**config, "ttl": {**config["ttl"], "default_ttl": 90}}
    with LGStore(core) as store:
        store.put(("a",), "core", {})
        store.put(("a",), "never", {}, ttl=None)
        assert (left(store, "core"), left(store, "never")) == (1.5, None)
    with LGStore(core, ttl={"default_ttl": None}) as store:
        store.put(("a",), "adapter", {})
        assert left(store, "adapter") is None


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), "5", True, 1e12])
def test_ttls_that_make_no_sense_are_refused(store: LGStore, minutes: Any) -> None:
    with pytest.raises(ValueError, match="ttl"):
        store.put(("a",), "k", {}, ttl=minutes)
    with pytest.raises(ValueError, match="ttl"):
        store.batch([PutOp(("a",), "k", {}, None, minutes)])
    assert store.count() == 0


def test_unknown_members_of_the_configuration_are_refused(open_store: Open) -> None:
    with pytest.raises(ValueError, match=r"ttl\.defualt_ttl"):
        open_store(ttl={"defualt_ttl": 1})
    with pytest.raises(ValueError, match=r"ttl\.default_ttl"):
        open_store(ttl={"default_ttl": -1})


def test_omit_expired_false_warns_once_and_changes_nothing(
    open_store: Open, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ttl, "_warned_of_omit_expired", threading.Event())
    with pytest.warns(UserWarning, match="omit_expired=False has no effect"):
        store = open_store(ttl={"omit_expired": False})
    open_store(ttl={"omit_expired": False})  # a second warning would be an error here
    open_store(ttl={"omit_expired": True})
    store.put(("a",), "k", {}, ttl=1)
    advance(store, 61)
    assert store.get(("a",), "k") is None


class Waiting(LGStore):
    """Tells when a sweep has run."""

    def _sweep(self) -> int:
        count = super()._sweep()
        self.swept.set()
        return count


def test_the_sweeper_sweeps_until_it_is_stopped(config: dict[str, Any], advance: Advance) -> None:
    with Waiting(config, ttl={"sweep_interval_minutes": 0.0005}) as store:
        store.swept = threading.Event()
        store.put(("a",), "k", {}, ttl=1)
        advance(store, 61)
        future = store.start_ttl_sweeper()
        assert isinstance(future, Future)
        assert store.start_ttl_sweeper() is future
        for _ in range(2):
            assert store.swept.wait(30)
            store.swept.clear()
        assert store.sweep_ttl() == 0
        assert not future.done()
        assert store.stop_ttl_sweeper(timeout=30) is True
        assert future.result(30) is None
        assert store.stop_ttl_sweeper() is True
        again = store.start_ttl_sweeper(0.0005)
        assert again is not future
        store.swept.clear()
        assert store.swept.wait(30)
        assert again.cancel()
        assert store.stop_ttl_sweeper(30) is True


def test_a_sweep_that_fails_does_not_end_the_sweeper(config: dict[str, Any]) -> None:
    class Failing(LGStore):
        calls = 0

        def _sweep(self) -> int:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("away")
            swept.set()
            return 0

    swept = threading.Event()
    with Failing(config, ttl={}) as store:
        assert store.start_ttl_sweeper(0.0005).done()  # an empty configuration is none, as LangGraph has it
    with Failing(config, ttl={"refresh_on_read": True}) as store:
        store.start_ttl_sweeper(0.0005)
        assert swept.wait(30)


def test_no_sweeper_without_a_configuration(store: LGStore) -> None:
    assert store.start_ttl_sweeper().result(0) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "lgstore-ttl"]


def test_close_ends_the_sweeper(config: dict[str, Any]) -> None:
    store = LGStore(config, ttl={"sweep_interval_minutes": 60})
    future = store.start_ttl_sweeper()
    store.close()
    assert future.result(30) is None


def test_the_names_of_async_postgres_store_can_be_awaited(open_store: Open, advance: Advance) -> None:
    async def scenario() -> None:
        store = open_store(ttl={"default_ttl": 1, "sweep_interval_minutes": 60})
        assert await store.setup() is None
        await store.aput(("a",), "k", {})
        await store.aput(("a",), "l", {})
        advance(store, 61)
        assert await store.sweep_ttl() == 2
        task = await store.start_ttl_sweeper()
        assert not task.done()
        assert await store.stop_ttl_sweeper(timeout=30) == True  # noqa: E712
        assert task.result(30) is None
        # and their twins, which don't block the loop
        await store.asetup()
        assert await store.asweep_ttl() == 0
        task = await store.astart_ttl_sweeper()
        assert await store.astop_ttl_sweeper() is True
        assert task.result(30) is None

    asyncio.run(scenario())


def test_the_names_of_postgres_store_work_without_await_inside_a_loop(open_store: Open) -> None:
    async def scenario() -> None:
        store = open_store(ttl={"default_ttl": 1})
        store.setup()
        assert store.sweep_ttl() == 0
        assert store.stop_ttl_sweeper()

    asyncio.run(scenario())


def test_an_interval_longer_than_threads_can_wait(config: dict[str, Any]) -> None:
    with LGStore(config, ttl={"default_ttl": 1}) as store:
        future = store.start_ttl_sweeper(1e300)
        assert store.start_ttl_sweeper() is future
        assert not store.stop_ttl_sweeper(0) or future.done()
        assert store.stop_ttl_sweeper(1e300) is True
        assert future.result(30) is None


def test_the_sweeper_of_a_closed_store_ends(config: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    native = lgstore.Store(config)
    store = LGStore(native, ttl={"default_ttl": 1})
    future = store.start_ttl_sweeper(0.0005)
    native.close()
    assert future.result(30) is None
    assert [record.message for record in caplog.records if record.name == "lgstore.langgraph"] == []
    assert store.stop_ttl_sweeper(30) is True


@pytest.mark.parametrize("timeout", [-1, float("nan"), True, "5"])
def test_timeouts_that_make_no_sense_are_refused(store: LGStore, timeout: Any) -> None:
    for call in (store.stop_ttl_sweeper, store.close):
        with pytest.raises(ValueError, match="timeout"):
            call(timeout)
    with pytest.raises(ValueError, match="timeout"):
        asyncio.run(store.astop_ttl_sweeper(timeout))


def test_a_stop_that_is_awaited_tells_whether_it_was_in_time(config: dict[str, Any]) -> None:
    class Slow(LGStore):
        def _sweep(self) -> int:
            begun.set()
            end.wait(60)
            return 0

    begun, end = threading.Event(), threading.Event()

    async def scenario() -> None:
        assert await store.astop_ttl_sweeper(0) is False
        assert not future.done()
        asyncio.get_running_loop().call_later(0.01, end.set)
        assert await store.astop_ttl_sweeper() is True
        assert future.done()
        assert await store.astop_ttl_sweeper(0) is True

    with Slow(config, ttl={"default_ttl": 1}) as store:
        future = store.start_ttl_sweeper(0.0005)
        assert begun.wait(60)
        asyncio.run(scenario())


def test_an_operation_of_a_batch_may_leave_its_ttl_to_the_configuration(open_store: Open) -> None:
    store = open_store(ttl={"default_ttl": 2.5})
    store.batch([PutOp(("a",), "not given", {}, ttl=NOT_PROVIDED), PutOp(("a",), "never", {})])
    assert (left(store, "not given"), left(store, "never")) == (2.5, None)


@pytest.mark.parametrize("flag", [1, "no", float("nan")])
def test_flags_that_are_neither_true_nor_false_are_refused(store: LGStore, flag: Any) -> None:
    calls = [
        lambda: store.get(("a",), "k", refresh_ttl=flag),
        lambda: store.search(("a",), refresh_ttl=flag),
        lambda: store.batch([GetOp(("a",), "k", flag)]),
        lambda: store.batch([SearchOp(("a",), refresh_ttl=flag)]),
        lambda: store.get_versioned(("a",), "k", refresh_ttl=flag),
    ]
    for call in calls:
        with pytest.raises(lgstore.ValidationError) as caught:
            call()
        assert caught.value.field == "refresh_ttl"


def expiry(store: LGStore, key: str) -> datetime:
    return store.get_versioned(("a",), key, refresh_ttl=False).expires_at


def later(store: LGStore, key: str, end: datetime) -> datetime:
    """The expiry of an item when it is after `end`: a refresh is done soon after the answer, not before it."""
    for _ in range(6000):
        if (now := expiry(store, key)) > end:
            return now
        time.sleep(0.01)
    raise AssertionError(f"{key} was not refreshed")


def test_a_refresh_waits_for_a_fifth_of_the_ttl_unless_told_otherwise(advance: Advance) -> None:
    with LGStore({"test_clock": True}) as store:
        store.put(("a",), "long", {}, ttl=10)
        store.put(("a",), "short", {}, ttl=5)
        ends = {key: expiry(store, key) for key in ("long", "short")}
        advance(store, 90)  # of 600 seconds, and of 300
        store.get(("a",), "long")
        store.get(("a",), "short")
        later(store, "short", ends["short"])
        assert expiry(store, "long") == ends["long"]
        advance(store, 60)
        store.get(("a",), "long")
        later(store, "long", ends["long"])


def test_every_read_makes_a_life_longer(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=10)
    end = expiry(store, "k")
    for read in (store.get, store.get_versioned, lambda namespace, _: store.search(namespace)):
        advance(store, 60)
        read(("a",), "k")
        end = later(store, "k", end)


def test_a_cluster_reclaims_by_itself(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {}, ttl=0.02)
    counts = {anywhere.sweep_ttl()}
    if anywhere.native.cluster_info()["backend"] == "cql":
        assert counts == {0}
    else:
        anywhere.native.advance(2)
        assert anywhere.sweep_ttl() == 1
