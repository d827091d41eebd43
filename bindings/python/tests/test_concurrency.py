"""Event loops, threads, cancellation, closing: exactly one outcome each, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from common import ACCEPTING, MEMORY, PLACE, SLOW, STUCK, Run

import lgstore
from lgstore import Store, _completions


def in_flight(store: Store) -> int:
    count: int = store.metrics()["in_flight"]
    return count


async def until_none_is_in_flight(store: Store) -> None:
    while in_flight(store):
        await asyncio.sleep(0.001)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_many_coroutines_of_one_loop(run: Run) -> None:
    async def one(store: Store, n: int) -> None:
        key = str(n)
        for turn in range(20):
            await store.aput(PLACE, key, {"turn": turn})
            item = await store.aget(PLACE, key)
            assert item is not None
            assert item.value == {"turn": turn}

    async def main() -> None:
        async with Store(ACCEPTING) as store:
            await asyncio.gather(*(one(store, n) for n in range(300)))
            assert await store.acount() == 300

    run(main())


def test_loops_and_threads_share_a_store(run: Run) -> None:
    with Store(ACCEPTING) as store:

        async def loop(n: int) -> None:
            for turn in range(50):
                keys = [f"{n}.{turn}.{i}" for i in range(4)]
                await asyncio.gather(*(store.aput(PLACE, key, {"n": n}) for key in keys))
                for key in keys:
                    item = await store.aget(PLACE, key)
                    assert item is not None

        def thread(n: int) -> None:
            for turn in range(100):
                store.put(PLACE, f"{n}/{turn}", {"n": n})
                assert store.get(PLACE, f"{n}/{turn}") is not None

        with ThreadPoolExecutor(8) as pool:
            work = [pool.submit(run, loop(n)) for n in range(4)] + [pool.submit(thread, n) for n in range(4)]
            for one in work:
                one.result()
        assert store.count() == 4 * 50 * 4 + 4 * 100


def test_a_blocking_call_inside_a_running_loop(run: Run) -> None:
    async def main() -> None:
        with Store(ACCEPTING) as store:
            task = asyncio.ensure_future(store.aput(PLACE, "awaited", {}))
            await asyncio.sleep(0)
            store.put(PLACE, "blocking", {})
            await task
            assert store.count() == 2

    run(main())


def test_a_loop_goes_on_while_operations_run(run: Run) -> None:
    async def main() -> None:
        store = Store(STUCK)
        task = asyncio.ensure_future(store.aget(PLACE, "k"))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not task.done()
        await store.aclose(0)
        with pytest.raises(lgstore.ClosedError):
            await task

    run(main())


def test_cancelling_an_await_cancels_the_operation(run: Run) -> None:
    async def main() -> None:
        store = Store(STUCK)
        tasks = [asyncio.ensure_future(store.aput(PLACE, str(n), {})) for n in range(50)]
        await asyncio.sleep(0)
        while in_flight(store) < 50:
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with pytest.raises(asyncio.CancelledError):
                await task
        await until_none_is_in_flight(store)  # An hour early.
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(store.aget(PLACE, "k"), 0.02)
        await until_none_is_in_flight(store)
        # A coroutine that is thrown away.
        coroutine = store.aget(PLACE, "k")
        coroutine.send(None)
        coroutine.close()
        await until_none_is_in_flight(store)
        await store.aclose()

    run(main())


def test_a_storm_of_cancels_leaves_nothing(run: Run) -> None:
    chance = random.Random(7)

    async def one(store: Store, n: int) -> str:
        try:
            await store.aput(PLACE, str(n), {"n": n})
        except asyncio.CancelledError:
            return "cancelled"
        return "done"

    async def main() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        errors: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: errors.append(context))
        async with Store(ACCEPTING) as store:
            outcomes = []
            for turn in range(60):
                tasks = [asyncio.ensure_future(one(store, turn * 50 + n)) for n in range(50)]
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                for task in chance.sample(tasks, 25):
                    task.cancel()
                outcomes += await asyncio.gather(*tasks, return_exceptions=True)
            await until_none_is_in_flight(store)
            done = sum(outcome == "done" for outcome in outcomes)
            count = await store.acount()
            assert len(outcomes) == 3000
            gc.collect()
            assert errors == []
        return done, count

    done, count = run(main())
    # What was done is there; what was cancelled may be.
    assert 0 < done <= count <= 3000


def test_a_storm_of_closes(run: Run) -> None:
    async def main() -> None:
        for turn in range(60):
            store = Store(ACCEPTING if turn % 2 else SLOW)
            tasks = [asyncio.ensure_future(store.aput(PLACE, str(n), {})) for n in range(20)]
            for _ in range(turn % 5):
                await asyncio.sleep(0)
            closes = [store.aclose(0.001 * (turn % 3)) for _ in range(2)]
            outcomes = await asyncio.gather(*tasks, *closes, return_exceptions=True)
            assert len(outcomes) == 22
            for outcome in outcomes:
                assert outcome is None or isinstance(outcome, (lgstore.ClosedError, lgstore.UnknownOutcomeError)), (
                    outcome
                )

    run(main())


def test_threads_that_call_while_the_store_is_closed() -> None:
    for turn in range(30):
        store = Store(ACCEPTING if turn % 2 else MEMORY)
        unexpected: list[BaseException] = []
        started = threading.Barrier(5)

        def work(store: Store = store, started: threading.Barrier = started, seen: Any = unexpected) -> None:
            started.wait()
            try:
                while True:
                    store.put(PLACE, "k", {})
                    store.get(PLACE, "k")
            except lgstore.ClosedError:
                pass
            except BaseException as error:
                seen.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        started.wait()
        store.close(0 if turn % 3 else 10)
        for thread in threads:
            thread.join()
        assert unexpected == []


def test_closing_waits_for_what_runs(run: Run) -> None:
    async def main() -> None:
        store = Store(SLOW)
        task = asyncio.ensure_future(store.aput(PLACE, "k", {}))
        await asyncio.sleep(0)
        await asyncio.gather(store.aclose(), store.aclose())
        await task
        await store.aclose()

    run(main())
    stuck = Store(STUCK)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(stuck.get, PLACE, "k")
        while in_flight(stuck) == 0:
            time.sleep(0.001)
        stuck.close(0)
        with pytest.raises(lgstore.ClosedError):
            waiting.result()


def test_what_many_blocked_threads_had_does_not_stay() -> None:
    store = Store(STUCK)
    threads = [threading.Thread(target=swallowed, args=(store,)) for _ in range(200)]
    for thread in threads:
        thread.start()
    while in_flight(store) < 200:
        time.sleep(0.001)
    gc.collect()
    before = slots()
    assert before >= 200
    store.close(0)
    for thread in threads:
        thread.join()
    assert slots() < 100


def swallowed(store: Store) -> None:
    with contextlib.suppress(lgstore.ClosedError):
        store.get(PLACE, "k")


def slots() -> int:
    return sum(type(one) is _completions._Slot for one in gc.get_objects())


def test_loops_that_end_leave_nothing(run: Run) -> None:
    # The engine of the tests keeps a request, and with it its queue, until its delay is over.
    stuck = Store({"backend": "fault", "fault": {"delay_us": 300_000}})
    with Store(ACCEPTING) as store:

        async def main() -> None:
            await store.aput(PLACE, "k", {})
            # One that never ends, given up with its loop.
            pending = stuck.aget(PLACE, "k")
            pending.send(None)
            references.append(weakref.ref(asyncio.get_running_loop()))
            abandoned.append(pending)

        references: list[weakref.ref[Any]] = []
        abandoned: list[Any] = []
        before = descriptors()
        for _ in range(50):
            run(main())
            abandoned.clear()
        run(store.acount())
        gc.collect()
        assert sum(reference() is not None for reference in references) <= 2
        end = time.monotonic() + 30
        while descriptors() > before + 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert descriptors() <= before + 2
        stuck.close(0)


def test_many_completions_of_one_wake_up(run: Run) -> None:
    async def main() -> None:
        async with Store(SLOW) as store:
            keys = [str(n) for n in range(1000)]
            await asyncio.gather(*(store.aput(PLACE, key, {"key": key}) for key in keys))
            items = await asyncio.gather(*(store.aget(PLACE, key) for key in keys))
            assert [item and item.value["key"] for item in items] == keys

    run(main())
