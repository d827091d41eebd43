"""A lock that several processes share, with a fencing token.

A lock alone can't keep out a holder that slept past its time and does not know. So each holder gets a
number greater than any before it, and the resource refuses smaller ones than it has seen.

    python distributed_locking.py                            # in memory
    python distributed_locking.py scylla://127.0.0.1/examples
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore

NOBODY: dict[str, Any] = {"owner": "", "until": 0.0, "token": 0}


class Lock:
    """One lock, for one owner; owners must differ.

    The lock's item never expires: its token must not begin anew.
    """

    def __init__(
        self, store: AsyncScyllaDBStore, name: str, owner: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._name = name
        self._owner = owner
        self._clock = clock

    async def acquire(self, seconds: float) -> int | None:
        """Takes the lock for so long; gives the token, or ``None`` when another one holds it."""
        while True:
            item = await self._store.aget(("locks",), self._name)
            held = NOBODY if item is None else item.value
            if held["owner"] not in ("", self._owner) and self._clock() < held["until"]:
                return None
            taken = {"owner": self._owner, "until": self._clock() + seconds, "token": held["token"] + 1}
            if await self._replace(held if item else None, taken):
                return int(taken["token"])

    async def release(self, token: int) -> bool:
        """Gives the lock back; ``False`` when it was lost meanwhile."""
        item = await self._store.aget(("locks",), self._name)
        if item is None or item.value["token"] != token:
            return False
        return await self._replace(item.value, {**NOBODY, "token": token})

    async def _replace(self, before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
        if before is None:
            return await self._store.aput_if_not_exists(("locks",), self._name, after, ttl=None)
        return await self._store.acompare_and_set(("locks",), self._name, before, after, ttl=None)


class Register:
    """The resource that the lock guards."""

    def __init__(self) -> None:
        self.value = ""
        self._seen = 0

    def write(self, token: int, value: str) -> bool:
        """Takes the value unless a later holder of the lock has been here."""
        if token < self._seen:
            return False
        self._seen, self.value = token, value
        return True


async def main(place: str) -> None:
    """Ada sleeps past her time."""
    now = time.time()
    async with AsyncScyllaDBStore(place) as store:
        ada = Lock(store, "register", "ada", lambda: now)
        bob = Lock(store, "register", "bob", lambda: now)
        register = Register()
        first = await ada.acquire(60)
        assert first is not None
        print("bob, too early:", await bob.acquire(60))
        now += 120
        second = await bob.acquire(60)
        assert second is not None
        print("bob's token is greater:", second > first)
        print("bob writes:", register.write(second, "bob's"))
        print("ada writes:", register.write(first, "ada's"))
        print("ada gives back what she has lost:", await ada.release(first))
        print("bob gives back:", await bob.release(second))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory:"))
