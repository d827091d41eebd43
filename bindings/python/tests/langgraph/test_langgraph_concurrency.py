"""Threads, several event loops, callers of one tick, cancelled awaits."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvloop
from langgraph.store.base import GetOp, PutOp

from lgstore import LgstoreError, UnavailableError
from lgstore.langgraph import LGStore
from lgstore.langgraph._batch import Batch


def test_one_caller_s_bad_value_fails_no_other_of_the_same_tick(anywhere: LGStore, root: str) -> None:
    bad = {
        5: {"v": object()},
        17: {"v": float("nan")},
        23: {"v": "x" * 1_000_001},
        31: {"v": {1: 2}},
    }

    async def scenario() -> list[Any]:
        puts = [anywhere.aput((root,), f"k{n}", bad.get(n, {"n": n})) for n in range(64)]
        return await asyncio.gather(*puts, return_exceptions=True)

    outcomes = asyncio.run(scenario())
    assert {n for n, outcome in enumerate(outcomes) if outcome is not None} == set(bad)
    for n in bad:
        assert isinstance(outcomes[n], (TypeError, ValueError))
    assert anywhere.count((root,)) == 60


def test_one_caller_s_bad_namespace_filter_or_key_fails_no_other(anywhere: LGStore, root: str) -> None:
    async def scenario() -> list[Any]:
        return await asyncio.gather(
            anywhere.aput((root,), "good", {"n": 1}),
            anywhere.aput((root, "a.b"), "k", {}),
            anywhere.asearch((root,), filter={"n": {"$near": 1}}),
            anywhere.aget((root,), "k" * 2000),
            anywhere.abatch([PutOp((root,), "batched", {"n": 2})]),
            anywhere.aput((root,), "also good", {"n": 3}),
            return_exceptions=True,
        )

    outcomes = asyncio.run(scenario())
    assert [isinstance(outcome, ValueError) for outcome in outcomes] == [False, True, True, True, False, False]
    assert {one.key for one in anywhere.search((root,))} == {"good", "batched", "also good"}


def test_many_callers_of_one_tick_each_get_their_own_answer(anywhere: LGStore, root: str) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(anywhere.aput((root,), str(n), {"n": n}) for n in range(500)))
        items = await asyncio.gather(*(anywhere.aget((root,), str(n)) for n in range(500)))
        assert [item.value["n"] for item in items] == list(range(500))

    asyncio.run(scenario())


def test_several_loops_one_after_the_other(store: LGStore) -> None:
    for n in range(5):
        asyncio.run(store.aput(("a",), "k", {"n": n}))
        assert asyncio.run(store.aget(("a",), "k")).value == {"n": n}


def test_several_loops_and_threads_at_a_time(anywhere: LGStore, root: str) -> None:
    async def in_a_loop(worker: int) -> None:
        for n in range(20):
            await asyncio.gather(*(anywhere.aput((root, str(worker)), f"{n}.{m}", {"n": n}) for m in range(3)))
            assert (await anywhere.aget((root, str(worker)), f"{n}.2")).value == {"n": n}

    def in_a_thread(worker: int) -> None:
        for n in range(20):
            anywhere.put((root, str(worker)), f"{n}.0", {"n": n})
            assert anywhere.get((root, str(worker)), f"{n}.0").value == {"n": n}

    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(asyncio.run, in_a_loop(worker)) for worker in range(3)]
        tasks += [pool.submit(in_a_thread, worker) for worker in range(3, 6)]
        for task in tasks:
            task.result(60)
    assert anywhere.count((root,)) == 3 * 60 + 3 * 20


def test_made_before_there_is_a_loop_and_used_in_any(store: LGStore) -> None:
    def thread() -> None:
        asyncio.run(store.aput(("a",), "thread", {}))

    worker = threading.Thread(target=thread)
    worker.start()
    worker.join(30)
    assert asyncio.run(store.aget(("a",), "thread")) is not None


def test_uvloop(store: LGStore) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(store.aput(("a",), str(n), {"n": n}) for n in range(100)))
        assert len(await store.asearch(("a",), limit=1000)) == 100

    loop = uvloop.new_event_loop()
    loop.run_until_complete(scenario())
    loop.close()


def test_cancelled_awaits_leave_nothing_behind(config: dict[str, Any]) -> None:
    # Every request waits long in this backend; cancelled ones end at once.
    slow = {"backend": "fault", "fault": {"delay_us": 60_000_000}}
    store = LGStore(slow)

    async def scenario() -> None:
        tasks = [asyncio.create_task(store.aput(("a",), str(n), {})) for n in range(50)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(store.aget(("a",), "k"), 0.01)

    asyncio.run(scenario())
    asyncio.run(store.aclose(5))


def test_a_cancelled_caller_does_not_disturb_the_others(store: LGStore) -> None:
    async def scenario() -> None:
        for _ in range(20):
            tasks = [asyncio.create_task(store.aput(("a",), str(n), {"n": n})) for n in range(20)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(outcome is None for outcome in outcomes[1::2])
            assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        assert {f"{n}" for n in range(1, 20, 2)} <= {one.key for one in store.search(("a",), limit=100)}

    asyncio.run(scenario())


def test_a_batch_tells_what_became_of_each_operation() -> None:
    # The core's answer where one operation of three has failed when it ran.
    error = {"code": "unavailable", "message": "away", "retryable": True, "may_have_applied": False}
    answer = json.dumps({"results": [{"result": None}, {"error": error}, {"result": None}]}).encode()
    batch = Batch([PutOp(("a",), "k", {}), GetOp(("a",), "l"), GetOp(("a",), "m")], None)
    with pytest.raises(UnavailableError) as caught:
        batch.results(answer)
    assert caught.value.op == "get"
    assert caught.value.results == [None, caught.value, None]


def test_failures_of_the_backend_are_errors_of_lgstore() -> None:
    store = LGStore({"backend": "fault", "fault": {"fail_every": 1}})
    for call in (
        lambda: store.put(("a",), "k", {}),
        lambda: store.batch([PutOp(("a",), "k", {})]),
        lambda: asyncio.run(store.asearch(("a",))),
    ):
        with pytest.raises(LgstoreError) as caught:
            call()
        assert caught.value.code == "unavailable"
        assert caught.value.retryable
    store.close()


def test_a_closed_store_says_so(open_store: Any) -> None:
    store = open_store()
    store.close()
    store.close()
    for call in (lambda: store.get(("a",), "k"), lambda: asyncio.run(store.aput(("a",), "k", {}))):
        with pytest.raises(LgstoreError) as caught:
            call()
        assert caught.value.code == "closed"


def test_both_protocols_of_one_object(config: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with LGStore.from_conn_string(config) as store:
            await store.aput(("a",), "k", {})
            assert await store.aget(("a",), "k") is not None
        with pytest.raises(LgstoreError):
            await store.aget(("a",), "k")

    asyncio.run(scenario())
    with LGStore.from_conn_string(config) as store:
        assert store.get(("b",), "k") is None
    with pytest.raises(LgstoreError):
        store.get(("a",), "k")


def test_errors_of_opening_come_from_the_context(tmp_path: Any) -> None:
    url = f"file:{tmp_path}/no/such/folder/x.db"
    with pytest.raises(LgstoreError), LGStore.from_conn_string(url):
        pass

    async def scenario() -> None:
        async with LGStore.from_conn_string(url):
            pass

    with pytest.raises(LgstoreError):
        asyncio.run(scenario())


def test_options_are_members_of_the_configuration(tmp_path: Any) -> None:
    url = f"file:{tmp_path}/x.db"
    options: dict[str, Any] = {"durability": "normal", "limits": {"value_bytes": 50}, "indexes": ["a"]}
    with LGStore.from_conn_string(url, **options) as store, pytest.raises(ValueError, match="50"):
        store.put(("a",), "k", {"text": "x" * 100})
    with pytest.raises(ValueError, match="durabilty"):
        LGStore.from_conn_string(url, durabilty="normal")
    document = json.dumps({"path": f"{tmp_path}/x.db", "limits": {"key_bytes": 5}})
    with LGStore.from_conn_string(document, limits={"value_bytes": 50}) as store:
        store.put(("a",), "short", {})
        with pytest.raises(ValueError, match="5"):
            store.put(("a",), "too long", {})


def test_forgotten_stores_and_coroutines_are_collected(config: dict[str, Any]) -> None:
    store = LGStore(config, ttl={"sweep_interval_minutes": 0.0001})
    future = store.start_ttl_sweeper()
    coroutine = store.aget(("a",), "k")
    coroutine.close()
    del store, coroutine
    gc.collect()
    assert future.result(30) is None
