"""The store as a whole: opening it, looking after it."""

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

    def open(self, *, timeout: float | None = None) -> None:
        """Opens file or cluster, and raises the errors of opening; the first operation does it by itself."""
        self._call(OPS["open"], b"{}", of_request(timeout))

    def warmup(self, *, timeout: float | None = None) -> None:
        """Opens connections and fills caches."""
        self._call(OPS["warmup"], b"{}", of_request(timeout))

    def sweep(self, *, timeout: float | None = None) -> int:
        """Reclaims expired items now, and returns their number.

        They are invisible without it, and the store sweeps by itself (``ttl.sweep_interval``). A cluster
        reclaims by itself and answers 0.
        """
        return items.number_of(self._call(OPS["sweep"], b"{}", of_request(timeout)))

    def health(self, *, write: bool = False, timeout: float | None = None) -> Health:
        """How the store is. A store that is not well is an answer, not an error.

        write: also tries a write, in a place that no read ever shows.
        """
        body = written_options(write=write)
        return items.health_of(self._call(OPS["health"], body, of_request(timeout)))

    def cluster_info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """What the engine says of itself: docs/configuration.md, Clusters."""
        info: dict[str, Any] = loads(self._call(OPS["cluster_info"], b"{}", of_request(timeout)))
        return info

    def migrate(
        self, *, dry_run: bool = False, to: int | None = None, timeout: float | None = None
    ) -> Migration | None:
        """Brings a cluster's schema to this library's version, or another; None = there was nothing to do.

        dry_run: only says what would be done. to: the version to go to.
        """
        body = written_options(dry_run=dry_run, to=given(to))
        return items.migration_of(self._call(OPS["migrate"], body, of_request(timeout)))

    def reindex(self, *, timeout: float | None = None) -> int:
        """Rebuilds derived data, and returns how much."""
        return items.number_of(self._call(OPS["reindex"], b"{}", of_request(timeout)))

    def backup(self, path: str, *, timeout: float | None = None) -> None:
        """Copies the open store into a new file."""
        self._call(OPS["backup"], written_options(path=path), of_request(timeout))

    def advance(self, seconds: float, *, timeout: float | None = None) -> None:
        """Moves the store's clock forward, for tests of expiry; the configuration must say ``test_clock``."""
        body = written_options(seconds=seconds)
        self._call(OPS["advance"], body, of_request(timeout))
