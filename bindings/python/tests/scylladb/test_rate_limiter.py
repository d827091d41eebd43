"""The guide's rate limiter for a program's own coroutines."""

from __future__ import annotations

import asyncio

import pytest

from lgstore.scylladb import RateLimitExceeded
from lgstore.scylladb.rate_limiter import TokenBucketRateLimiter, rate_limit


async def test_a_burst_passes_and_then_a_stream() -> None:
    now = 0.0
    limiter = TokenBucketRateLimiter(60, 3, clock=lambda: now)
    for _ in range(3):
        await limiter.acquire("put", max_wait=0)
    with pytest.raises(RateLimitExceeded) as error:
        await limiter.acquire("put", max_wait=0)
    assert error.value.retry_after == 1.0
    now = 0.75
    with pytest.raises(RateLimitExceeded) as error:
        await limiter.acquire("put", max_wait=0.2)
    assert error.value.retry_after == 0.25
    now = 1.0
    await limiter.acquire("put", max_wait=0)
    now = 1000.0  # A long pause gives a burst, and no more.
    await limiter.acquire("put", tokens=3, max_wait=0)
    with pytest.raises(RateLimitExceeded):
        await limiter.acquire("put", max_wait=0)


async def test_each_operation_has_its_own_limit() -> None:
    limiter = TokenBucketRateLimiter(60, 1, clock=lambda: 0.0)
    limiter.configure_operation("search", requests_per_minute=120, burst_size=2)
    await limiter.acquire("put", max_wait=0)
    await limiter.acquire("get", max_wait=0)
    await limiter.acquire("search", tokens=2, max_wait=0)
    with pytest.raises(RateLimitExceeded) as error:
        await limiter.acquire("search", max_wait=0)
    assert error.value.retry_after == 0.5


async def test_those_who_wait_take_turns() -> None:
    limiter = TokenBucketRateLimiter(60_000, 1, clock=lambda: 0.0)
    order: list[int] = []

    async def turn(number: int) -> None:
        await limiter.acquire()
        order.append(number)

    await asyncio.gather(*(turn(number) for number in range(20)))
    assert order == list(range(20))


async def test_who_gives_up_gives_back() -> None:
    limiter = TokenBucketRateLimiter(1, 1, clock=lambda: 0.0)
    await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(RateLimitExceeded) as error:
        await limiter.acquire(max_wait=0)
    assert error.value.retry_after == pytest.approx(60.0)  # not 120


async def test_the_decorator_limits_each_call() -> None:
    limiter = TokenBucketRateLimiter(60, 2, clock=lambda: 0.0)

    @rate_limit(limiter, operation="put", max_wait=0)
    async def double(number: int) -> int:
        """Doubles it."""
        return 2 * number

    assert double.__doc__ == "Doubles it."
    assert [await double(1), await double(number=2)] == [2, 4]
    with pytest.raises(RateLimitExceeded):
        await double(3)


def test_limits_that_can_not_be_are_refused() -> None:
    with pytest.raises(ValueError, match="burst"):
        TokenBucketRateLimiter(60, 0)
    with pytest.raises(ValueError, match="put"):
        TokenBucketRateLimiter().configure_operation("put", 0, 1)
    with pytest.raises(ValueError, match="burst size"):
        asyncio.run(TokenBucketRateLimiter(60, 2).acquire(tokens=3))
