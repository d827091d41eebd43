"""A store's raw protocol: operations as names and JSON bodies, blocking and awaited, and its end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import math
import threading
from collections.abc import Mapping
from typing import Any

from . import _completions, _json, error
from ._capi import CLOSED, FORKED, OPS, ffi, lib
from .runtime import Runtime

DRAIN_TIMEOUT = 10.0
"""Seconds that a close waits for running operations unless told otherwise."""

NAMES = {number: name for name, number in OPS.items()}


def microseconds(timeout: float | None) -> int:
    """A timeout as the library counts it; 0 = the store's default."""
    if timeout is None:
        return 0
    if not timeout > 0 or math.isinf(timeout):
        raise error.ValidationError("invalid_arg", "must be a number of seconds above 0", field="timeout")
    return max(1, min(int(timeout * 1e6), 2**63))


class Handle:
    """The base of :class:`lgstore.Store`."""

    def __init__(self, config: str | Mapping[str, Any] = "", *, runtime: Runtime | None = None) -> None:
        text = config.encode() if isinstance(config, str) else _json.dumps(config)
        out, failure = ffi.new("lgstore_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_new(runtime._handle if runtime else ffi.NULL, text, len(text), out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        # Freed when the last use of it is over, be it in another thread: calls hold a reference. None = closed.
        self._store: Any = ffi.gc(out[0], lib.lgstore_free)

    def call(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        """Runs an operation of the protocol: its name, its body as JSON; returns the answer's JSON.

        Blocks, on any thread, also of a running event loop; other threads go on meanwhile.
        `timeout` is in seconds; None = the store's default.
        """
        return self._call(OPS[op], body, microseconds(timeout))

    async def acall(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        """`call` for coroutines of any event loop. Cancelling the await cancels the operation where it runs."""
        return await self._acall(OPS[op], body, microseconds(timeout))

    def _call(self, op: int, body: bytes, timeout_us: int = 0) -> bytes:
        store = self._store
        if store is None:
            raise error.refusal(CLOSED, NAMES[op])
        status, text = _completions.run(store, op, body, timeout_us)
        if status != 0:
            raise error.from_document(text, NAMES[op])
        return text

    async def _acall(self, op: int, body: bytes, timeout_us: int = 0) -> bytes:
        store = self._store
        if store is None:
            raise error.refusal(CLOSED, NAMES[op])
        status, text = await _completions.of_running_loop().run(store, op, body, timeout_us)
        if status != 0:
            raise error.from_document(text, NAMES[op])
        return text

    def close(self, timeout: float = DRAIN_TIMEOUT) -> None:
        """Closes the store: operations that run have `timeout` seconds to end, then end as closed.

        Closing twice is no error.
        """
        closing = self._begin_close(timeout)
        if closing is not None:
            closing.result()

    async def aclose(self, timeout: float = DRAIN_TIMEOUT) -> None:
        """`close` for coroutines."""
        closing = self._begin_close(timeout)
        if closing is not None:
            await asyncio.wrap_future(closing)

    def _begin_close(self, timeout: float) -> concurrent.futures.Future[None] | None:
        # On a thread of its own: so that a signal is handled meanwhile, and an event loop goes on.
        store = self._store
        if store is None:
            return None
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def close() -> None:
            status = lib.lgstore_close(store, int(timeout * 1e6))
            if status in (0, FORKED):
                self._store = None
                done.set_result(None)
            else:
                done.set_exception(error.refusal(status, "close"))

        threading.Thread(target=close, name="lgstore-close", daemon=True).start()
        return done
