"""Times to live: minutes above this line, seconds below it; the configuration, and the sweeper."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any

from langgraph.store.base import NotProvided, TTLConfig

from lgstore import ClosedError, ForkedError, ValidationError

from ._settled import Settled

logger = logging.getLogger("lgstore.langgraph")

_MEMBERS = ("refresh_on_read", "omit_expired", "default_ttl", "sweep_interval_minutes")

_warned_of_omit_expired = threading.Event()


def checked(config: TTLConfig | None) -> TTLConfig | None:
    """Checks a TTL configuration; a misspelled member would go unnoticed otherwise."""
    if config is None:
        return None
    for name in config:
        if name not in _MEMBERS:
            known = ", ".join(_MEMBERS)
            raise ValidationError("invalid_arg", f"unknown member; there are {known}", field=f"ttl.{name}")
    if config.get("default_ttl") is not None:
        seconds(config["default_ttl"], "ttl.default_ttl")
    interval = config.get("sweep_interval_minutes")
    if interval is not None:
        seconds(interval, "ttl.sweep_interval_minutes")
    for name in ("refresh_on_read", "omit_expired"):
        truth(dict(config).get(name), f"ttl.{name}")
    # Items that have expired are gone for every reader, so that no answer depends on when a sweep ran.
    if dict(config).get("omit_expired") is False and not _warned_of_omit_expired.is_set():
        _warned_of_omit_expired.set()
        warnings.warn(
            "omit_expired=False has no effect: lgstore never returns expired items",
            UserWarning,
            stacklevel=4,
        )
    return config


def refreshes(default: bool | None, asked: bool | None) -> bool | None:
    """Whether a read moves the expiry: what the call says, else the default; None = the core's configuration says."""
    return default if asked is None else truth(asked, "refresh_ttl")


def truth(given: Any, field: str) -> bool | None:
    """True, False or None; what is only like them is a mistake, as "no" is."""
    if given is None or isinstance(given, bool):
        return given
    raise ValidationError("invalid_arg", f"must be True, False or None, but is {given!r}", field=field)


def member(config: TTLConfig | None, ttl: float | NotProvided | None) -> bytes:
    """The member ``ttl`` of a put's body, with the comma before it.

    Not provided means the configuration's default, and without one what the core's configuration says
    (``ttl.default_ttl``, in seconds); None means never, also with a default.
    """
    if isinstance(ttl, NotProvided):
        default = None if config is None else config.get("default_ttl")
        if default is None:
            return b"" if config is None or "default_ttl" not in config else b',"ttl":null'
        ttl = default
    if ttl is None:
        return b',"ttl":null'
    return b',"ttl":%b' % repr(seconds(ttl, "ttl")).encode()


def patience(timeout: Any) -> float | None:
    """Seconds to wait at most, None = without end, as threads take them."""
    if timeout is None:
        return None
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout >= 0:
        return min(timeout, threading.TIMEOUT_MAX)
    raise ValidationError("invalid_arg", f"must be seconds, or None, but is {timeout!r}", field="timeout")


def seconds(minutes: Any, field: str) -> float:
    """Minutes, fractions included, in seconds."""
    if isinstance(minutes, (int, float)) and not isinstance(minutes, bool) and 0 < minutes < math.inf:
        return minutes * 60.0
    raise ValidationError("invalid_arg", f"must be minutes above 0, but is {minutes!r}", field=field)


class Sweeper:
    """A daemon thread that reclaims expired items at an interval until it is told to stop.

    One thread whatever the calls: `start` and `stop` may come from any thread and any event loop.
    """

    def __init__(self, owner: Any, sweep: Callable[[Any], int]) -> None:
        # The thread must not keep its store alive: a store that is forgotten ends its sweeper.
        self._owner = weakref.ref(owner)
        self._sweep = sweep
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._future = SweeperFuture()
        self._ended: Future[None] = Future()

    def start(self, minutes: float) -> SweeperFuture:
        """Starts it, or gives the future of the one that runs. The first sweep comes after one interval."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive() and not self._stop.is_set():
                return self._future
            # Its own event, so that a thread that is still ending does not hear of the new one.
            stop, future, ended = threading.Event(), SweeperFuture(), Future[None]()
            ended.set_running_or_notify_cancel()  # the end can't be cancelled, other than the future of the caller
            future.add_done_callback(lambda done: stop.set() if done.cancelled() else None)
            interval = min(minutes * 60.0, threading.TIMEOUT_MAX)
            thread = threading.Thread(
                target=self._run, args=(interval, stop, future, ended), name="lgstore-ttl", daemon=True
            )
            thread.start()
            self._stop, self._future, self._ended, self._thread = stop, future, ended, thread
            return future

    def stop(self, timeout: float | None) -> bool:
        """Stops it; False if it was still sweeping after the timeout (seconds, None = wait)."""
        timeout, running = patience(timeout), self._halt()
        if running is None:
            return True
        thread, _ = running
        thread.join(timeout)
        return not thread.is_alive()

    async def astop(self, timeout: float | None) -> bool:
        """`stop` for coroutines."""
        timeout, running = patience(timeout), self._halt()
        if running is None:
            return True
        _, ended = running
        await asyncio.wait([asyncio.wrap_future(ended)], timeout=timeout)
        return ended.done()

    def _halt(self) -> tuple[threading.Thread, Future[None]] | None:
        """Tells the thread to stop, and gives it, with its end, if there is something to wait for."""
        with self._lock:
            thread, ended = self._thread, self._ended
            self._stop.set()
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            return None
        return thread, ended

    def _run(self, interval: float, stop: threading.Event, future: SweeperFuture, ended: Future[None]) -> None:
        try:
            while not stop.wait(interval) and self._once():
                pass
        finally:
            with contextlib.suppress(InvalidStateError):  # cancelled, maybe just now
                future.set_result(None)
            ended.set_result(None)

    def _once(self) -> bool:
        """Sweeps, and tells whether to go on."""
        owner = self._owner()
        if owner is None:
            return False
        try:
            count = self._sweep(owner)
        except (ClosedError, ForkedError):
            return False  # nobody can use that store again
        except Exception:
            # A cluster that is away for a minute is no reason never to sweep again.
            logger.exception("a sweep of expired items failed")
        else:
            if count:
                logger.info("swept %d expired items", count)
        return True


class SweeperFuture(Settled, Future[None]):
    """Done when the sweeper has stopped; cancelling it stops the sweeper.

    It can be awaited, as the one of AsyncPostgresStore: ``await store.start_ttl_sweeper()`` gives the same future.
    """

    def result_of_await(self) -> SweeperFuture:
        return self


def finished() -> SweeperFuture:
    """The future of a sweeper that never ran."""
    future = SweeperFuture()
    future.set_result(None)
    return future
