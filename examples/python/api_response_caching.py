"""Answers of a slow service, kept for five minutes and shared by all processes.

python api_response_caching.py                            # in memory
python api_response_caching.py scylla://127.0.0.1/examples
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore

Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class Cached:
    """A function that asks a service, and asks it only once in a while for the same thing."""

    def __init__(self, store: AsyncScyllaDBStore, call: Call, ttl: float = 300.0) -> None:
        self._store = store
        self._call = call
        self._ttl = ttl

    async def __call__(self, endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
        """The service's answer, which may be some minutes old."""
        question = f"{endpoint}:{json.dumps(params, sort_keys=True)}"
        key = hashlib.sha256(question.encode()).hexdigest()
        cached = await self._store.aget(("api_cache", "v1"), key)
        # An answer that is empty is an answer: ask for None, not for truth.
        if cached is not None:
            return dict(cached.value)
        answer = await self._call(endpoint, params)
        await self._store.aput(("api_cache", "v1"), key, answer, ttl=self._ttl)
        return answer


async def main(place: str) -> None:
    """Asks three times, of which the service hears twice."""
    heard = 0

    async def service(endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
        nonlocal heard
        heard += 1
        return {"endpoint": endpoint, "sum": sum(params.values())}

    async with AsyncScyllaDBStore(place) as store:
        ask = Cached(store, service)
        print(await ask("/sum", {"a": 1, "b": 2}))
        print(await ask("/sum", {"b": 2, "a": 1}))
        print(await ask("/sum", {"a": 3}))
    print("the service was asked", heard, "times")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory:"))
