"""The store."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from ._awaited import Awaited
from ._blocking import Blocking

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Store"]


class Store(Blocking, Awaited):
    """Items in namespaces: a place for what agents and services remember.

    config: a URL (``memory:``, ``file:/var/lib/app.db``, ``scylla://user:password@h1,h2/keyspace``), a JSON
    document or a dict of the same form, or ``""`` for the environment (``LGSTORE_…``). docs/configuration.md lists
    every option. It is checked here, but nothing is opened: the first operation does that and carries the errors
    of opening, or `open`, or entering the store as a context manager.
    runtime: the threads to run on; None = shared by all stores.

    Every operation is there twice: blocking (`get`), and for coroutines with an a before its name (`aget`). A store
    may be used by any number of threads and event loops at a time. It can't be used in the child of a fork; make
    a new one there, see ABI.md.
    """

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close(0)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        try:
            await self.aopen()
        except BaseException:
            self.close(0)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
