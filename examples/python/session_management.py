"""Sessions of a web application: each lives half an hour after it was last used, and goes by itself.

python session_management.py                            # in memory
python session_management.py scylla://127.0.0.1/examples
"""

import asyncio
import secrets
import sys
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore, TTLConfig

IDLE = 1800.0
"""Seconds that a session lives without being used."""


class Sessions:
    """The sessions of one application."""

    def __init__(self, store: AsyncScyllaDBStore) -> None:
        self._store = store

    async def begin(self, user: int, address: str) -> str:
        """Begins a session; gives its id."""
        session = secrets.token_urlsafe(16)
        await self._store.aput(("sessions",), session, {"user": user, "address": address}, ttl=IDLE)
        return session

    async def find(self, session: str) -> dict[str, Any] | None:
        """Gives what the session holds, and prolongs it; ``None`` when there is none (any more)."""
        item = await self._store.aget(("sessions",), session)
        return None if item is None else dict(item.value)

    async def end(self, session: str) -> None:
        """Ends the session: the user has logged out."""
        await self._store.adelete(("sessions",), session)


async def main(place: str) -> None:
    """Shows a visit."""
    async with AsyncScyllaDBStore(place, ttl=TTLConfig(default_ttl=IDLE, refresh_on_read=True)) as store:
        sessions = Sessions(store)
        session = await sessions.begin(123, "192.0.2.1")
        print("logged in:", await sessions.find(session))
        await sessions.end(session)
        print("logged out:", await sessions.find(session))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory:"))
