"""Handlers of signals that raise, and memory that is short: every await ends, every result is given back once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from common import ACCEPTING, PLACE, Run
from test_process import finish, start

from lgstore import Item, Store

BIG = "x" * 900_000


class StopError(Exception):
    """What the handler raises."""


@contextmanager
def raising_at(step: int, functions: set[str]) -> Iterator[list[int]]:
    """Raises once, at that instruction of these functions: where a handler could, and in more places."""
    steps = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_name not in functions or not frame.f_code.co_filename.endswith("_completions.py"):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps[0] += 1
            if steps[0] == step:
                raise StopError
        return trace

    before = sys.gettrace()
    # From Python 3.12 on settrace looks whether any frame has asked for instructions by then.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        yield steps
    finally:
        sys.settrace(before)


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


async def interrupted(store: Store, gets: Sequence[asyncio.Future[Item | None]], step: int) -> tuple[list[Any], int]:
    """Has what was submitted handed out, which is interrupted at that step; gives the items, and the steps taken."""
    # Waits without the loop, which would hand out. A blocking call also begins with what lies.
    while store.metrics()["in_flight"]:
        store.count()
    with raising_at(step, {"drain", "_hand_out"}) as steps:
        items = await asyncio.wait_for(asyncio.gather(*gets), 60)
    return items, steps[0]


def test_an_exception_anywhere_in_a_burst_loses_nothing(run: Run) -> None:
    async def main() -> int:
        raised: list[type] = []
        seen = asyncio.get_running_loop().set_exception_handler
        seen(lambda _, context: raised.append(type(context.get("exception"))))  # and not it, which holds the burst
        async with Store(ACCEPTING) as store:
            await asyncio.gather(*(store.aput(PLACE, key, {"key": key, "big": BIG}) for key in "abc"))
            step = last = 0
            while step == last:  # until it ends without having come to that instruction
                step += 1
                if step == 100:
                    before = resident()
                tasks = [asyncio.ensure_future(store.aget(PLACE, key)) for key in "abc"]
                # A task as well, so that it begins behind them, in the same round.
                items, steps = await asyncio.ensure_future(interrupted(store, tasks, step))
                last = min(steps, step)
                assert [item and item.value["key"] for item in items] == ["a", "b", "c"]
            assert raised == [StopError] * (step - 1)
            assert resident() - before < 30_000_000  # A burst that is not given back costs 3 MB each time.
            return step

    assert run(main()) > 150


def test_an_exception_in_a_submission_fails_that_alone(run: Run) -> None:
    async def main() -> int:
        async with Store(ACCEPTING) as store:
            step = 0
            while True:
                step += 1
                with raising_at(step, {"submit"}) as steps:
                    gets = [store.aget(PLACE, key) for key in "abc"]
                    ends = await asyncio.wait_for(asyncio.gather(*gets, return_exceptions=True), 60)
                if steps[0] < step:
                    return step
                assert sorted(map(type, ends), key=str) == [type(None), type(None), StopError]

    assert run(main()) > 100


def test_handlers_that_raise_again_and_again_in_a_loop() -> None:
    program = """
    class Stop(Exception): pass
    raised = 0
    def handler(_, frame):
        global raised
        if frame.f_code.co_name in ("drain", "_hand_out"):
            raised += 1
            raise Stop
    async def main():
        store = lgstore.Store(ACCEPTING)
        await store.aput(PLACE, "k", {"n": 1})
        signal.signal(signal.SIGALRM, handler)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        while raised < 5:
            gets = [store.aget(PLACE, "k") for _ in range(300)]
            for item in await asyncio.wait_for(asyncio.gather(*gets), 60):
                assert item.value == {"n": 1}
        signal.setitimer(signal.ITIMER_REAL, 0)
        await store.aclose()
    asyncio.run(main())
    """
    finish(start(program))


def test_a_blocking_call_that_is_interrupted_gives_back_its_result() -> None:
    program = """
    class Stop(Exception): pass
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    armed = False
    def handler(_, frame):
        if armed and frame.f_code.co_filename.endswith("_completions.py"):
            raise Stop
    signal.signal(signal.SIGALRM, handler)
    for config in ({"backend": "embedded"}, ACCEPTING):
        store = lgstore.Store(config)
        for key in "ab":
            store.put(PLACE, key, {"key": key, "big": "x" * 900_000})
        raised, before = 0, resident()
        signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
        while raised < 300:
            for key in "ab":
                armed = True
                try:
                    item = store.get(PLACE, key)
                    armed = False
                    assert item.value["key"] == key
                except Stop:
                    raised += 1
                armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        while store.metrics()["in_flight"]:
            store.count()
        grown = resident() - before
        assert grown < 60_000_000, grown
        store.close()
    """
    finish(start(program))


def test_an_answer_that_finds_no_memory_fails_its_own_await() -> None:
    program = """
    import resource
    async def main():
        store = lgstore.Store(ACCEPTING)
        for n in range(64):
            await store.aput(PLACE, str(n), {"big": "x" * 999_000})
        big = asyncio.ensure_future(store.acall("search", b'{"namespace_prefix":[],"limit":64}'))
        small = asyncio.ensure_future(store.acount())
        async def with_little_memory():
            # Behind both, in the same round. It waits without the loop, which would hand out.
            while store.metrics()["in_flight"]:
                store.count()
            with open("/proc/self/statm") as file:
                used = int(file.read().split()[0]) * 4096
            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (used + 20_000_000, hard))
            try:
                await big
            except MemoryError:
                print("short")
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        await asyncio.ensure_future(with_little_memory())
        assert await small == 64
        await store.aclose()
    asyncio.run(main())
    """
    assert finish(start(program)) == "short\n"
