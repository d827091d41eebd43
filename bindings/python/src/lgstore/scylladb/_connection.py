"""The library's store behind the facade, and its replacement when an option changes."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

import lgstore
from lgstore import _json
from lgstore._apart import apart
from lgstore._handle import DRAIN_TIMEOUT

from ._options import Config, in_memory, merged
from ._requests import Request
from ._translate import misconfigured, translated, value_at
from .errors import ScyllaDBStoreError, StoreConfigurationError, StoreValidationError

logger = logging.getLogger("lgstore.scylladb")

T = TypeVar("T")

# What may be asked of a store in memory before its options are settled: it leaves nothing in it.
_HARMLESS = {"open", "health", "cluster_info", "warmup", "migrate", "metrics"}


class Connection:
    """Sends requests to the library, on the caller's thread or awaited, and gives answers or errors.

    Options of the library are fixed when its store is made. Where the guide changes them later, a new
    store with the new options takes the old one's place, and the old one is closed as soon as what it
    runs has ended: on a cluster or a file nothing is lost by that.
    """

    def __init__(self, config: Config, runtime: lgstore.Runtime | None) -> None:
        self.config = config
        self._runtime = runtime
        self._used = False
        self._shared = False
        self._closed = False
        self._retiring: list[Future[None]] = []
        # Guards the change of `core` and what is known of its users. Requests read `core` without it: one that
        # finds a store which has just been retired is refused as closed, has had no effect, and goes to the
        # new one.
        self._change = threading.Lock()
        self.core = self._made(config)
        self._kept: list[lgstore.Store] = []
        # Profiles that a store in memory was told of too late; they mean nothing there.
        self._idle_profiles: set[str] = set()

    def _made(self, config: Config) -> lgstore.Store:
        try:
            return lgstore.Store(config, runtime=self._runtime)
        except lgstore.LgstoreError as error:
            raise misconfigured(error) from error
        except (TypeError, ValueError) as error:
            raise StoreConfigurationError(str(error)) from error

    def share(self) -> lgstore.Store:
        """Gives the library's store to somebody else, for whom it stays open until :meth:`aclose`."""
        with self._change:  # so that the store given is the one that is remembered as shared
            self._shared = True
            self._used = True
            return self.core

    def call(self, request: Request[T], profile: str | None = None, timeout: float | None = None) -> T:
        """Sends a request and waits for its answer on this thread."""
        body = self._body(request, profile)
        text = written(body)
        while True:
            core = self.core
            try:
                return request.read(core.call(request.op, text, timeout=timeout))
            except lgstore.LgstoreError as error:
                if not self._replaced(core, error):
                    raise translated(error, request.op, body, timeout) from error

    async def acall(self, request: Request[T], profile: str | None = None, timeout: float | None = None) -> T:
        """Sends a request and awaits its answer."""
        body = self._body(request, profile)
        text = written(body)
        while True:
            core = self.core
            try:
                return request.read(await core.acall(request.op, text, timeout=timeout))
            except lgstore.LgstoreError as error:
                if not self._replaced(core, error):
                    raise translated(error, request.op, body, timeout) from error

    def ask(self, question: Callable[[lgstore.Store], T]) -> T:
        """Asks the library's store itself: what takes no request."""
        while True:
            core = self.core
            try:
                return question(core)
            except lgstore.LgstoreError as error:
                if not self._replaced(core, error):
                    raise translated(error, "", {}) from error

    def _replaced(self, core: lgstore.Store, error: lgstore.LgstoreError) -> bool:
        return isinstance(error, lgstore.ClosedError) and not error.may_have_applied and core is not self.core

    def _body(self, request: Request[Any], profile: str | None) -> dict[str, Any]:
        if request.op not in _HARMLESS:
            self._used = True
        if profile is None or profile in self._idle_profiles:
            return request.body
        return {**request.body, "profile": profile}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Puts other options into force.

        Raises StoreConfigurationError: an option is wrong, or the items are in memory only.
        """
        with self._change:
            config = merged(self.config, changes)
            replacement = self._made(config)
            held = self._used and not self._closed and self._in_memory()
            if held and set(changes) == {"profiles"}:
                self._idle_profiles.update(changes["profiles"])
                replacement.close()
                self.config = config
                return
            if self._closed or held:
                replacement.close()
                why = "the store is closed" if self._closed else "its items are in memory and would be lost"
                raise StoreConfigurationError(
                    f"can't be changed any more: {why}; say it when the store is made",
                    field=next(iter(changes)),
                )
            retired, self.core, self.config = self.core, replacement, config
            if self._shared:
                self._shared = False
                self._kept.append(retired)
                return
            # Without end: what runs there has deadlines of its own.
            self._retiring = [one for one in self._retiring if not one.done()]
            self._retiring.append(apart(lambda: _retire(retired), "lgstore-retire"))

    def _in_memory(self) -> bool:
        known = in_memory(self.config)
        return self.ask(lambda core: core.cluster_info()["backend"] == "memory") if known is None else known

    def close(self) -> None:
        """Closes the store. Closing twice is no error."""
        with self._change:
            self._closed = True  # From here on neither of these changes.
        for core in [self.core, *self._kept]:
            try:
                core.close()
            except lgstore.LgstoreError as error:
                raise closing_failed(error) from error
        wait(self._retiring, DRAIN_TIMEOUT)

    async def aclose(self) -> None:
        """:meth:`close` that leaves the event loop free."""
        await asyncio.wrap_future(apart(self.close, "lgstore-close"))


def _retire(core: lgstore.Store) -> None:
    try:
        core.close(None)
    except lgstore.LgstoreError:
        logger.exception("a store that was replaced could not be closed")


def written(body: dict[str, Any]) -> bytes:
    """A body as JSON.

    Raises StoreValidationError: a part of it is no JSON; it names the place.
    """
    try:
        return _json.dumps(body, "")
    except (TypeError, ValueError) as error:
        # ".value.when: datetime is not JSON"
        path, _, text = str(error).partition(": ")
        field = path.removeprefix(".")
        raise StoreValidationError(f"{field}: {text}", field=field, value=value_at(body, field)) from error


def closing_failed(error: lgstore.LgstoreError) -> ScyllaDBStoreError:
    """The error of a close that did not end in time."""
    return translated(error, "close", {})
