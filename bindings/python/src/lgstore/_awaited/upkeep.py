"""The store as a whole: opening it, looking after it. For coroutines: made by tools/twins.py of _blocking."""

from __future__ import annotations

from typing import Any

from .. import item as items
from .._capi import OPS
from .._handle import Handle
from .._json import loads
from .._requests import given, written_options
from .._timeout import of_request
from ..item import Health, Migration


class Upkeep(Handle):
    """The operations on the whole store."""

    async def aopen(self, *, timeout: float | None = None) -> None:
        """`open`, awaited."""
        await self._acall(OPS["open"], b"{}", of_request(timeout))

    async def awarmup(self, *, timeout: float | None = None) -> None:
        """`warmup`, awaited."""
        await self._acall(OPS["warmup"], b"{}", of_request(timeout))

    async def asweep(self, *, timeout: float | None = None) -> int:
        """`sweep`, awaited."""
        return items.number_of(await self._acall(OPS["sweep"], b"{}", of_request(timeout)))

    async def ahealth(self, *, write: bool = False, timeout: float | None = None) -> Health:
        """`health`, awaited."""
        body = written_options(write=write)
        return items.health_of(await self._acall(OPS["health"], body, of_request(timeout)))

    async def acluster_info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """`cluster_info`, awaited."""
        info: dict[str, Any] = loads(await self._acall(OPS["cluster_info"], b"{}", of_request(timeout)))
        return info

    async def amigrate(
        self, *, dry_run: bool = False, to: int | None = None, timeout: float | None = None
    ) -> Migration | None:
        """`migrate`, awaited."""
        body = written_options(dry_run=dry_run, to=given(to))
        return items.migration_of(await self._acall(OPS["migrate"], body, of_request(timeout)))

    async def areindex(self, *, timeout: float | None = None) -> int:
        """`reindex`, awaited."""
        return items.number_of(await self._acall(OPS["reindex"], b"{}", of_request(timeout)))

    async def abackup(self, path: str, *, timeout: float | None = None) -> None:
        """`backup`, awaited."""
        await self._acall(OPS["backup"], written_options(path=path), of_request(timeout))

    async def aadvance(self, seconds: float, *, timeout: float | None = None) -> None:
        """`advance`, awaited."""
        body = written_options(seconds=seconds)
        await self._acall(OPS["advance"], body, of_request(timeout))
