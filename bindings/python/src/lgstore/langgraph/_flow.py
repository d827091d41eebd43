"""Work in several steps, written once and run blocking or awaited.

A flow is a generator that yields steps and is sent their results; :func:`run` and :func:`arun` drive it. What
takes one request does not need it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from langchain_core.embeddings import Embeddings

from lgstore import Store

T = TypeVar("T")


class Step(Protocol):
    """Something that can be done blocking or awaited."""

    def run(self) -> Any: ...
    async def arun(self) -> Any: ...


Flow = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to a store. Its result is the answer's JSON."""

    store: Store
    op: str
    body: bytes = b"{}"

    def run(self) -> bytes:
        return self.store.call(self.op, self.body)

    async def arun(self) -> bytes:
        return await self.store.acall(self.op, self.body)


@dataclass(frozen=True, slots=True)
class EmbedDocuments:
    """Vectors of texts that are stored."""

    model: Embeddings
    texts: list[str]

    def run(self) -> list[list[float]]:
        return self.model.embed_documents(self.texts)

    async def arun(self) -> list[list[float]]:
        return await self.model.aembed_documents(self.texts)


@dataclass(frozen=True, slots=True)
class EmbedQuery:
    """The vector of a text that is searched for; some models make others of it than of a document."""

    model: Embeddings
    text: str

    def run(self) -> list[float]:
        return self.model.embed_query(self.text)

    async def arun(self) -> list[float]:
        return await self.model.aembed_query(self.text)


@dataclass(frozen=True, slots=True)
class Aside:
    """A flow that keeps the processor busy: awaited, it is done on another thread, and the event loop goes on."""

    flow: Flow[Any]

    def run(self) -> Any:
        return run(self.flow)

    async def arun(self) -> Any:
        return await asyncio.to_thread(run, self.flow)


def run(flow: Flow[T]) -> T:
    """Does a flow's steps, blocking; what a step raises is raised inside the flow."""
    try:
        step = next(flow)
        while True:
            try:
                result = step.run()
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def arun(flow: Flow[T]) -> T:
    """Does a flow's steps, awaited. A cancel arrives inside the flow."""
    try:
        step = next(flow)
        while True:
            try:
                result = await step.arun()
            except BaseException as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


class _Done:
    """None that can be awaited."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


class _DoneNumber(int):
    """A number that can be awaited."""

    def __await__(self) -> Generator[Any, None, int]:
        yield from ()
        return int(self)


def awaitable(result: T) -> T:
    """A result that is there already, in a form that may be awaited where somebody could: inside a running loop.

    AsyncPostgresStore has coroutines where PostgresStore has functions of the same name (setup, sweep_ttl,
    stop_ttl_sweeper). One store serves the users of both, so these names work with `await` and without.
    """
    if asyncio._get_running_loop() is None:
        return result
    made = _Done() if result is None else _DoneNumber(result)  # type: ignore[call-overload]
    return cast(T, made)
