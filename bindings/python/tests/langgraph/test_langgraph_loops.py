"""Event loops: nothing waits for threads of the loop's own, cancelling ends the work, results may be awaited."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
import uvloop
from embeddings import WORDS, Counting
from langchain_core.embeddings import Embeddings
from langgraph.store.base import PutOp, SearchOp

import lgstore
from lgstore.langgraph import LGStore

Open = Callable[..., LGStore]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    return asyncio.run if request.param == "asyncio" else uvloop.run


@contextmanager
def busy_threads() -> Iterator[None]:
    """Every thread of the running loop's default executor waits until the end."""
    end = threading.Event()
    for _ in range(64):  # more than it has threads
        asyncio.get_running_loop().run_in_executor(None, end.wait)
    try:
        yield
    finally:
        end.set()


@pytest.mark.parametrize("blocking", [True, False])
def test_nothing_waits_for_the_default_executor(config: dict[str, Any], run: Any, blocking: bool) -> None:
    async def embed(texts: list[str]) -> list[list[float]]:
        return Counting().embed_documents(texts)

    async def scenario() -> None:
        index = {"embed": Counting() if blocking else embed, "dims": len(WORDS), "fields": ["text"]}
        store = LGStore(config, index=index, ttl={"sweep_interval_minutes": 60})
        store.start_ttl_sweeper()
        await store.aput(("a",), "k", {"text": "cat"})
        await store.abatch([PutOp(("a",), "l", {"text": "dog"})])
        assert [one.key for one in await store.asearch(("a",), query="cat")] == ["k", "l"]
        [found] = await store.abatch([SearchOp(("a",), query="dog", limit=1)])
        assert [one.key for one in found] == ["l"]
        assert await store.asweep_ttl() == 0
        assert await store.astop_ttl_sweeper() is True
        store.start_ttl_sweeper()
        await store.aclose()

    async def within(seconds: float) -> None:
        with busy_threads():
            await asyncio.wait_for(scenario(), seconds)

    run(within(60))


def test_threads_of_the_default_executor_may_wait_for_a_search(ranked: LGStore) -> None:
    async def scenario() -> list[int]:
        await ranked.aput(("a",), "k", {"text": "cat"})
        loop = asyncio.get_running_loop()

        def work() -> int:
            return len(asyncio.run_coroutine_threadsafe(ranked.asearch(("a",), query="cat"), loop).result(60))

        return await asyncio.gather(*(asyncio.to_thread(work) for _ in range(64)))

    assert asyncio.run(scenario()) == [1] * 64


class Noted(lgstore.Store):
    """Counts its requests, and tells of the first search."""

    requests = 0

    async def acall(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        self.requests += 1
        if op == "search":
            self.searched.set()
        return await super().acall(op, body, timeout=timeout)


def test_a_cancelled_search_asks_for_no_more(config: dict[str, Any], run: Any) -> None:
    async def scenario() -> None:
        with Noted("memory:") as vectors, LGStore(config, index={"embed": Counting()}, vectors=vectors) as store:
            for number in range(3):
                await store.abatch([PutOp(("a",), f"{number}-{n}", {"text": "cat"}) for n in range(1000)])
            vectors.searched = asyncio.Event()
            before = vectors.requests
            assert len(await store.asearch(("a",), query="cat")) == 10
            whole = vectors.requests - before
            assert whole > 2
            vectors.searched.clear()
            task = asyncio.create_task(store.asearch(("a",), query="cat"))
            await asyncio.wait_for(vectors.searched.wait(), 60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await store.asearch(("a",), query="cat")) == 10
            assert vectors.requests == before + whole + 1 + whole

    run(scenario())


class Blocking(Embeddings):
    """A model without functions for coroutines, which notes where it runs."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.seen: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.threads.append(threading.current_thread())
        self.seen.append(user.get())
        if "stop" in texts[0]:
            next(iter(()))  # a StopIteration
        return [[1.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


user = ContextVar("user", default="nobody")


def test_a_blocking_model_runs_on_a_thread_with_the_caller_s_context(open_store: Open, run: Any) -> None:
    model = Blocking()
    store = open_store(index={"embed": model})

    async def scenario() -> None:
        user.set("ada")
        await store.aput(("a",), "k", {"text": "cat"})
        await store.asearch(("a",), query="cat")

    run(scenario())
    assert threading.main_thread() not in model.threads
    assert model.seen == ["ada", "ada"]


def test_a_model_that_raises_stop_iteration_is_an_error(open_store: Open, run: Any) -> None:
    store = open_store(index={"embed": Blocking()})
    with pytest.raises(RuntimeError, match="StopIteration"):
        run(asyncio.wait_for(store.aput(("a",), "k", {"text": "stop"}), 60))
    with pytest.raises(RuntimeError, match="StopIteration"):
        store.put(("a",), "k", {"text": "stop"})
    assert store.count() == 0


def test_a_model_s_own_coroutines_are_awaited_on_the_loop(open_store: Open, run: Any) -> None:
    class Own(Counting):
        async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
            assert threading.current_thread() is threading.main_thread()
            return self.embed_documents(texts)

        async def aembed_query(self, text: str) -> list[float]:
            assert threading.current_thread() is threading.main_thread()
            return self.embed_query(text)

    store = open_store(index={"embed": Own()})

    async def scenario() -> None:
        await store.aput(("a",), "k", {"text": "cat"})
        assert len(await store.asearch(("a",), query="cat")) == 1

    run(scenario())


def test_results_that_may_be_awaited_are_what_they_say(open_store: Open, run: Any) -> None:
    async def scenario() -> None:
        store = open_store(ttl={"default_ttl": 1})
        for _ in range(2):
            future = store.start_ttl_sweeper()
            assert await asyncio.create_task(store.start_ttl_sweeper()) is future
            assert await store.stop_ttl_sweeper() is True
        assert await asyncio.create_task(store.stop_ttl_sweeper()) is True
        assert repr(store.stop_ttl_sweeper()) == "True"
        assert await asyncio.create_task(store.setup()) is None
        assert not store.setup()
        assert await asyncio.gather(store.setup(), store.sweep_ttl()) == [None, 0]
        assert type(await store.sweep_ttl()) is int
        assert store.sweep_ttl() + 1 == 1

    run(scenario())
    store = open_store()
    assert store.setup() is None
    assert store.stop_ttl_sweeper() is True
    assert type(store.sweep_ttl()) is int


class Stuck(lgstore.Store):
    """One key's requests wait until they are let go."""

    async def _acall(self, op: int, body: bytes, timeout_us: int) -> bytes:
        if b'"stuck"' in body:
            await self.end.wait()
        return await super()._acall(op, body, timeout_us)


def test_operations_of_one_tick_are_requests_of_their_own(config: dict[str, Any], run: Any) -> None:
    async def scenario() -> None:
        with Stuck(config) as native:
            native.end = asyncio.Event()
            store = LGStore(native)
            stuck = asyncio.ensure_future(store.aput(("a",), "stuck", {}))
            others = [store.aput(("a",), str(number), {}) for number in range(5)]
            wrong = store.aput(("a",), "k" * 2000, {})
            done = await asyncio.wait_for(asyncio.gather(*others, wrong, return_exceptions=True), 60)
            assert done[:5] == [None] * 5
            assert isinstance(done[5], lgstore.ValidationError)
            assert not stuck.done()
            native.end.set()
            await stuck
            assert await store.acount(()) == 6

    run(scenario())


FORKING = """
import asyncio, os, sys
from lgstore.langgraph import LGStore

def rank():
    with LGStore("memory:", index={"embed": lambda texts: [[1.0] for _ in texts]}) as store:
        async def scenario():
            await store.aput(("a",), "k", {})
            return len(await store.asearch(("a",), query="x"))
        return asyncio.run(scenario())

assert rank() == 1  # all threads have begun
child = os.fork()
if child == 0:
    os._exit(rank())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
"""


def test_a_forked_child_has_threads_of_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING], env=os.environ, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
