"""The threads that stores run on."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Any

from . import _timeout, error, log
from ._capi import CLOSED, FORKED, ffi, lib

__all__ = ["Runtime"]


class Runtime:
    """Threads that stores share. Programs need one only to choose its options: without, stores share one.

    worker_threads: threads that run requests; 1 by default, which costs least: more hand work to each other.
    max_blocking_threads: bounds the threads for long scans and for files; 0 = 64, started when needed.
    log_lines: log events that may wait for their handlers; 0 = 1,024. Then the oldest are dropped, and counted
    in an event of their own.

    It has to be closed; the threads of one that is not stay until the process ends.
    """

    def __init__(self, *, worker_threads: int = 1, max_blocking_threads: int = 0, log_lines: int = 0) -> None:
        options = ffi.new("lgstore_runtime_options_t *")
        options.struct_size = ffi.sizeof("lgstore_runtime_options_t")
        given = (
            ("worker_threads", worker_threads),
            ("max_blocking_threads", max_blocking_threads),
            ("log_lines", log_lines),
        )
        for name, number in given:
            if not 0 <= number < 2**32:
                raise error.ValidationError("invalid_arg", "is out of range", field=name)
            setattr(options, name, number)
        out, failure = ffi.new("lgstore_runtime_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_runtime_new(options, out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        self._handle: Any = ffi.gc(out[0], lib.lgstore_runtime_free)
        self.update_log_level()

    def _get(self) -> Any:
        handle = self._handle
        if handle is None:
            raise error.refusal(CLOSED)
        return handle

    def update_log_level(self) -> None:
        """Asks the library for what the logger ``lgstore`` is enabled for now; it was asked when this was made.

        Not in a log handler, where it does nothing.
        """
        log.attach(self._get())

    def close(self, timeout: float | None = None) -> None:
        """Waits until the threads have ended, which they do after the last store on them is closed and gone.

        timeout: seconds; None = without end. DeadlineError: not yet; close again to wait on. Closing a closed runtime
        is no error, nor is it in the child of a fork.
        """
        end = _timeout.of_end(timeout)
        handle = self._handle
        if handle is None:
            return
        # First: from then on the library has no way to it, and it couldn't be silenced when Python ends.
        log.detach(handle)
        # In slices, so that signals are handled meanwhile.
        while True:
            piece = min(end, 50_000)
            status = lib.lgstore_runtime_join(handle, piece)
            end -= piece
            if status != _TIMEOUT or end <= 0:
                break
        if status not in (0, FORKED):
            raise error.refusal(status)
        self._handle = None

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_TIMEOUT: int = lib.LGSTORE_E_TIMEOUT
_shared: Runtime | None = None
_sharing = threading.Lock()


def shared() -> Runtime:
    """The runtime of stores that were given none. It stays: its thread sleeps when there is nothing to do."""
    global _shared
    with _sharing:
        if _shared is None:
            _shared = Runtime()
        return _shared


def _after_fork() -> None:
    # The parent's threads are not in the child.
    global _shared, _sharing
    _shared, _sharing = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
