"""The store."""

from __future__ import annotations

from types import TracebackType

from ._handle import Handle


class Store(Handle):
    """Items in namespaces."""

    def __enter__(self) -> Store:
        self.call("open")
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Store:
        await self.acall("open")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()
