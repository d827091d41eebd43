"""What the library logs goes to ``logging.getLogger("lgstore")``.

Nothing is printed until the program configures logging. The members of an event beside its message are in the
record's ``lgstore``, a dict. Handlers run on a thread of the library, one event at a time: they may use a store's
awaited operations on other threads' loops, but blocking operations, and closing a store, are refused there.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from datetime import datetime
from typing import Any

from . import _json
from ._capi import ffi, lib
from ._completions import library_threads

TRACE = 5
"""The level of the library's most talkative events, below logging.DEBUG."""

logger = logging.getLogger("lgstore")
logger.addHandler(logging.NullHandler())

_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: TRACE}

# Runtimes that log to here, by address. They are kept: what is forgotten would still log while it ends, and
# couldn't be silenced before Python is gone.
_attached: dict[int, Any] = {}


@ffi.callback("void(int32_t, const char *, size_t, void *)")  # type: ignore[untyped-decorator]
def _receive(level: int, text: Any, length: int, _: Any) -> None:
    thread = threading.get_ident()
    library_threads.add(thread)
    try:
        number = _LEVELS.get(level, TRACE)
        if logger.isEnabledFor(number):
            logger.handle(_record(number, _json.loads(ffi.buffer(text, length)[:])))
    finally:
        library_threads.discard(thread)


def _record(level: int, event: dict[str, Any]) -> logging.LogRecord:
    at, message = event.pop("ts", None), event.pop("message", "")
    event.pop("level", None)
    record = logger.makeRecord(logger.name, level, "(lgstore)", 0, message, (), None, extra={"lgstore": event})
    if isinstance(at, str):
        record.created = datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
        record.msecs = record.created % 1 * 1000
    return record


def attach(runtime: Any) -> None:
    """Sends what a runtime logs to the logger, from the level that is enabled now."""
    level = max((number for number, one in _LEVELS.items() if logger.isEnabledFor(one)), default=0)
    if level == 0:
        detach(runtime)
    elif lib.lgstore_runtime_set_log(runtime, level, _receive, ffi.NULL) == 0:
        _attached[int(ffi.cast("uintptr_t", runtime))] = runtime


def detach(runtime: Any) -> None:
    """Silences a runtime."""
    # Refused on the library's own threads, in a handler: then it logs on, and is to be kept.
    if lib.lgstore_runtime_set_log(runtime, 0, ffi.NULL, ffi.NULL) == 0:
        _attached.pop(int(ffi.cast("uintptr_t", runtime)), None)


@atexit.register
def _detach_all() -> None:
    # No thread of the library may call Python when that is gone.
    for runtime in list(_attached.values()):
        detach(runtime)


os.register_at_fork(after_in_child=_attached.clear)
