"""A rate limit that all processes of a service share: a bucket of tokens per user.

Buckets change by compare_and_set, so that two requests at the same moment never take the same token.

    python rate_limiting.py                            # in memory
    python rate_limiting.py scylla://127.0.0.1/examples
"""

import asyncio
import sys
import time
from collections.abc import Callable

from lgstore.scylladb import AsyncScyllaDBStore


class RateLimit:
    """At most ``limit`` requests in a burst, and as many per ``window`` seconds in the long run."""

    def __init__(
        self,
        store: AsyncScyllaDBStore,
        limit: int = 100,
        window: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._limit = limit
        self._window = window
        self._clock = clock

    async def allows(self, user: str) -> bool:
        """Takes a token of the user's bucket; ``False`` when it is empty."""
        while True:
            item = await self._store.aget(("rate_limits",), user)
            now = self._clock()
            if item is None:
                tokens = float(self._limit)
            else:
                # A part of a token is kept, else frequent requests would keep the bucket empty for ever.
                # Clocks of processes differ: time never runs backwards here.
                passed = max(0.0, now - item.value["at"])
                tokens = min(self._limit, item.value["tokens"] + passed / self._window * self._limit)
                now = max(now, item.value["at"])
            if tokens < 1:
                return False
            after = {"tokens": tokens - 1, "at": now}
            # A bucket that nobody has asked for two windows is full, and may go.
            ttl = self._window * 2
            if item is None:
                taken = await self._store.aput_if_not_exists(("rate_limits",), user, after, ttl=ttl)
            else:
                taken = await self._store.acompare_and_set(("rate_limits",), user, item.value, after, ttl=ttl)
            if taken:
                return True


async def main(place: str) -> None:
    """Ten requests at once, of which five may pass; some more half a window later."""
    now = time.time()
    async with AsyncScyllaDBStore(place) as store:
        limit = RateLimit(store, limit=5, window=60.0, clock=lambda: now)
        user = f"user-{time.time_ns()}"
        print("at once:", sum(await asyncio.gather(*(limit.allows(user) for _ in range(10)))))
        now += 30
        print("after half a minute:", sum(await asyncio.gather(*(limit.allows(user) for _ in range(10)))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory:"))
