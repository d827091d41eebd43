"""Work in several steps, written once and run blocking or awaited.

A flow is a generator that yields steps and is sent their results; :func:`run` and :func:`arun` drive it. What
takes one request does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from langchain_core.embeddings import Embeddings
from langgraph.store.base.embed import EmbeddingsLambda

from lgstore import Store

from . import _threads

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
class Embed:
    """Vectors of texts that are stored, or of one that is searched for: some models make others of that.

    Awaited, a model that has only blocking functions runs on threads for that, not on the loop's own, which may all
    be waiting for this.
    """

    model: Embeddings
    method: Literal["embed_documents", "embed_query"]
    given: list[str] | str

    def run(self) -> Any:
        return getattr(self.model, self.method)(self.given)

    async def arun(self) -> Any:
        if self._awaits():
            return await getattr(self.model, f"a{self.method}")(self.given)
        return await _threads.embedding.arun(self.run)

    def _awaits(self) -> bool:
        # What LangChain gives those that have nothing of their own is their blocking function on the loop's threads.
        if isinstance(self.model, EmbeddingsLambda):
            return hasattr(self.model, "afunc")
        name = f"a{self.method}"
        return getattr(type(self.model), name, None) is not getattr(Embeddings, name)


@dataclass(frozen=True, slots=True)
class Aside:
    """Work that keeps the processor busy for milliseconds: awaited, it is done on another thread."""

    work: Callable[[], Any]

    def run(self) -> Any:
        return self.work()

    async def arun(self) -> Any:
        return await _threads.scoring.arun(self.work)


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
