"""The threads that stores run on."""

from __future__ import annotations

from typing import Any

from . import error
from ._capi import ffi, lib


class Runtime:
    """Threads that stores share. Programs need one only to choose its options.

    worker_threads: threads that run requests; 0 = as many as processors, at most 4.
    max_blocking_threads: bounds the threads for long scans and for files; 0 = 64, started when needed.
    log_lines: log events that may wait for their logger; 0 = 1024.
    """

    def __init__(self, *, worker_threads: int = 0, max_blocking_threads: int = 0, log_lines: int = 0) -> None:
        options = ffi.new("lgstore_runtime_options_t *")
        options.struct_size = ffi.sizeof("lgstore_runtime_options_t")
        options.worker_threads = worker_threads
        options.max_blocking_threads = max_blocking_threads
        options.log_lines = log_lines
        out, failure = ffi.new("lgstore_runtime_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_runtime_new(options, out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        self._handle: Any = ffi.gc(out[0], lib.lgstore_runtime_free)
