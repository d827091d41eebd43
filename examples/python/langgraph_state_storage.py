"""States of conversations, written one by one and many at once, and read by a LangGraph program too.

python langgraph_state_storage.py                            # in memory
python langgraph_state_storage.py scylla://127.0.0.1/examples
"""

import asyncio
import sys
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore, PutOp

CONVERSATIONS = ("langgraph", "conversations")
DAY = 86_400.0


async def save(store: AsyncScyllaDBStore, conversation: str, state: dict[str, Any]) -> None:
    """Saves one conversation's state for a day."""
    await store.aput(CONVERSATIONS, f"conv_{conversation}", state, ttl=DAY)


async def save_all(store: AsyncScyllaDBStore, states: dict[str, dict[str, Any]]) -> None:
    """Saves many, all or none. Up to 100; more go without ``batch_type``, each for itself."""
    ops = [PutOp(CONVERSATIONS, f"conv_{name}", state, ttl=DAY) for name, state in states.items()]
    await store.abatch(ops, batch_type="LOGGED", max_retries=3)


async def main(place: str) -> None:
    """Two conversations."""
    async with AsyncScyllaDBStore(place) as store:
        await save(store, "1", {"messages": [{"role": "user", "content": "hi"}], "step": 1})
        await save_all(store, {"1": {"step": 2}, "2": {"step": 1}})
        for item in await store.asearch(CONVERSATIONS):
            print(item.key, item.value)
        # The same items through LangGraph's own interface, in a graph: compile(store=store.langgraph()).
        theirs = await store.langgraph().aget(CONVERSATIONS, "conv_1")
        print("LangGraph reads:", theirs.value if theirs else None)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory:"))
