"""A limit for a program's own coroutines, as the guide's second part has it.

The store itself is limited by its option ``rate_limit`` (``docs/configuration.md``), in the library and for
every language. This is for whatever else must not be done too often.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from .errors import RateLimitExceeded

P = ParamSpec("P")
R = TypeVar("R")


class TokenBucketRateLimiter:
    """Lets some calls through at once, and then an even stream; each operation has its own bucket.

    May be used from any thread and event loop, also at the same time.

    default_requests_per_minute: the even stream of operations that have no limit of their own.
    default_burst_size: how many calls may come at once after a pause.
    clock: seconds that only grow.
    """

    def __init__(
        self,
        default_requests_per_minute: float = 1000,
        default_burst_size: int = 100,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._default = _rate("default", default_requests_per_minute, default_burst_size)
        self._own: dict[str, tuple[float, int]] = {}
        # Tokens left and when that was; below 0 as many as are waited for.
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def configure_operation(self, operation: str, requests_per_minute: float, burst_size: int) -> None:
        """Gives an operation its own limit, and a full bucket."""
        with self._lock:
            self._own[operation] = _rate(operation, requests_per_minute, burst_size)
            self._buckets.pop(operation, None)

    async def acquire(self, operation: str = "default", tokens: int = 1, *, max_wait: float | None = None) -> None:
        """Waits for its turn; calls of one operation take turns in the order in which they came.

        max_wait: the most seconds to wait; ``0`` = do not.
        Raises RateLimitExceeded: it would take longer; ``retry_after`` says how long. Nothing was taken.
        Raises ValueError: there are never so many tokens at once.
        """
        wait = self._take(operation, tokens, max_wait)
        if wait <= 0:
            return
        try:
            await asyncio.sleep(wait)
        except BaseException:
            self._take(operation, -tokens, None)  # Who gives up gives back.
            raise

    def _take(self, operation: str, tokens: int, max_wait: float | None) -> float:
        with self._lock:
            per_second, burst = self._own.get(operation, self._default)
            if tokens > burst:
                raise ValueError(f"tokens: {tokens} is above the burst size of {operation!r}, {burst}")
            now = self._clock()
            left, then = self._buckets.get(operation, (float(burst), now))
            left = min(float(burst), left + (now - then) * per_second) - tokens
            wait = max(0.0, -left / per_second)
            if max_wait is not None and wait > max_wait:
                raise RateLimitExceeded(
                    f"{operation}: above the limit; {wait:.3f} s too early", retryable=True, retry_after=wait
                )
            self._buckets[operation] = (left, now)
            return wait


def _rate(operation: str, requests_per_minute: float, burst_size: int) -> tuple[float, int]:
    if not requests_per_minute > 0 or burst_size < 1:
        raise ValueError(f"{operation}: requests per minute and burst size must be above 0")
    return requests_per_minute / 60, burst_size


def rate_limit(
    limiter: TokenBucketRateLimiter, operation: str = "default", *, max_wait: float | None = None
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Makes each call of a coroutine function take a token first.

    The arguments are those of :meth:`TokenBucketRateLimiter.acquire`.
    """

    def limited(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            await limiter.acquire(operation, max_wait=max_wait)
            return await function(*args, **kwargs)

        return call

    return limited
