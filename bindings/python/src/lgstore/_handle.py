"""A store's raw protocol: operations as names and JSON bodies, blocking and awaited; its counts; its end."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Mapping
from typing import Any

from . import _completions, _json, _timeout, error
from ._apart import apart
from ._capi import CLOSED, FORKED, OPS, WOULD_DEADLOCK, ffi, lib
from .runtime import Runtime, shared

DRAIN_TIMEOUT = 10.0
"""Seconds that a close waits for running operations, unless told otherwise."""

_NAMES = {number: name for name, number in OPS.items()}


class Handle:
    """The base of :class:`lgstore.Store`."""

    def __init__(self, config: str | Mapping[str, Any] = "", *, runtime: Runtime | None = None) -> None:
        text = config.encode() if isinstance(config, str) else _json.dumps(config, "config")
        self._runtime = runtime or shared()
        out, failure = ffi.new("lgstore_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_new(self._runtime._get(), text, len(text), out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        # Freed when the last use of it is over, be it in another thread: every call holds a reference.
        # None = closed.
        self._store: Any = ffi.gc(out[0], lib.lgstore_free)

    def __repr__(self) -> str:
        state = "closed " if self._store is None else ""
        return f"<{state}{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}>"

    def call(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        """Runs an operation of the protocol: its name and its body as JSON; returns the answer's JSON.

        Values pass byte for byte. Blocks, on any thread, also of a running event loop; other threads go on
        meanwhile, and signals are handled within 50 ms: when a handler raises (KeyboardInterrupt), the operation
        is cancelled. `timeout` is in seconds; None = the store's default.
        """
        return self._call(_number_of(op), body, _timeout.of_request(timeout))

    async def acall(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        """`call`, awaited, on any event loop. Cancelling the await cancels the operation where it runs."""
        return await self._acall(_number_of(op), body, _timeout.of_request(timeout))

    def _call(self, op: int, body: bytes, timeout_us: int) -> bytes:
        status, text = _completions.run(self._get(), op, body, timeout_us)
        if status != 0:
            raise error.from_document(text, _NAMES[op])
        return text

    async def _acall(self, op: int, body: bytes, timeout_us: int) -> bytes:
        status, text = await _completions.arun(self._get(), op, body, timeout_us)
        if status != 0:
            raise error.from_document(text, _NAMES[op])
        return text

    def _get(self) -> Any:
        store = self._store
        if store is None:
            raise error.refusal(CLOSED)
        return store

    def metrics(self, *, reset: bool = False) -> dict[str, Any]:
        """A snapshot of counts, errors and latencies (microseconds) per operation: docs/metrics.md.

        It does not touch the database. reset: starts the counts anew afterwards.
        """
        counts: dict[str, Any] = _json.loads(_document(lib.lgstore_metrics, self._get(), reset))
        return counts

    def metrics_prometheus(self) -> str:
        """The same counts for Prometheus: serve them as ``text/plain; version=0.0.4``."""
        return _document(lib.lgstore_metrics_prometheus, self._get()).decode()

    def reset_breaker(self) -> None:
        """Closes the store's circuit breaker, whatever its state. It is no error if there is none."""
        status = lib.lgstore_breaker_reset(self._get())
        if status != 0:
            raise error.refusal(status)

    def close(self, timeout: float | None = DRAIN_TIMEOUT) -> None:
        """Closes the store: operations that run have `timeout` seconds to end, and are ended as closed then.

        None = as long as they need. Raises DeadlineError when something is still running all the same; close
        again to wait on. Closing a closed store is no error, nor is it in the child of a fork.
        """
        closing = self._begin_close(timeout)
        if closing is not None:
            closing.result()

    async def aclose(self, timeout: float | None = DRAIN_TIMEOUT) -> None:
        """`close`, awaited."""
        closing = self._begin_close(timeout)
        if closing is not None:
            await asyncio.wrap_future(closing)

    def _begin_close(self, timeout: float | None) -> concurrent.futures.Future[None] | None:
        timeout_us = _timeout.of_end(timeout)
        if threading.get_ident() in _completions.library_threads:
            raise error.refusal(WOULD_DEADLOCK, "close")
        store = self._store
        if store is None:
            return None

        def close() -> None:
            status = lib.lgstore_close(store, timeout_us)
            if status not in (0, FORKED):
                raise error.refusal(status, "close")
            self._store = None

        # On a thread of its own, so that signals are handled meanwhile and an event loop goes on.
        return apart(close, "lgstore-close")


def _number_of(op: str) -> int:
    number = OPS.get(op)
    if number is None:
        raise error.UnsupportedError("unsupported", f'"{op}" is not an operation', field="op")
    return number


def _document(function: Any, *arguments: Any) -> bytes:
    """The document of a function that gives an owned result."""
    out, failure, length = ffi.new("lgstore_result_t **"), ffi.new("lgstore_error_t **"), ffi.new("size_t *")
    status = function(*arguments, out, failure)
    if status != 0:
        raise error.take(failure[0], status)
    text: bytes = ffi.buffer(lib.lgstore_result_json(out[0], length), length[0])[:]
    lib.lgstore_result_free(out[0])
    return text
