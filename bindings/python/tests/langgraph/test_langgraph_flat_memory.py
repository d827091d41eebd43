"""LGStore leaves less than a byte behind for each operation (LGSTORE_OPERATIONS of them)."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys

import pytest
from langgraph.store.base import GetOp, PutOp, SearchOp

from lgstore.langgraph import LGStore

OPERATIONS = int(os.environ.get("LGSTORE_OPERATIONS", "0"))


def resident() -> int:
    """The bytes of the process that lie in memory, after the garbage is gone."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def embed(texts: list[str]) -> list[list[float]]:
    """Some vectors."""
    return [[float(len(text)), 1.0] for text in texts]


async def turn(store: LGStore, ranked: LGStore, n: int) -> None:
    """Twelve operations of all kinds, good, bad and cancelled ones."""
    namespace, key = ("users", str(n % 20)), str(n % 100)
    cancelled = asyncio.ensure_future(store.aput(namespace, key, {"n": n}))
    await asyncio.sleep(0)
    cancelled.cancel()
    store.put(namespace, key, {"n": n, "text": "x" * 200}, ttl=5)
    outcomes = await asyncio.gather(
        store.aget(namespace, key),
        store.aput(namespace, key, {"n": n}),
        store.aput(namespace, key, {"n": object()}),
        store.aput(("a.b",), key, {}),
        store.asearch(namespace, limit=2, filter={"n": {"$gt": 1}}),
        store.asearch(namespace, filter={"n": {"$none": 1}}),
        store.alist_namespaces(limit=3),
        store.abatch([GetOp(namespace, key), PutOp(namespace, key, None), SearchOp(namespace)]),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [0, 0, 1, 1, 0, 1, 0, 0]
    await ranked.aput(namespace, key, {"text": "x" * (n % 7)})
    if n % 50 == 0:
        assert await ranked.asearch(namespace, query="x", limit=1)


async def turns(store: LGStore, ranked: LGStore, begin: int, count: int) -> None:
    for n in range(begin, begin + count):
        await turn(store, ranked, n)


def measure() -> None:
    """Prints the slope."""
    each = OPERATIONS // 12 // 50
    with LGStore("memory:") as store, LGStore("memory:", index={"embed": embed, "fields": ["text"]}) as ranked:
        # The least of each tenth counts: what is in use for a moment is no growth.
        least = []
        for tenth in range(10):
            seen = []
            for part in range(5):
                asyncio.run(turns(store, ranked, (tenth * 5 + part) * each, each))
                seen.append(resident())
            least.append(min(seen))
    slope = (least[9] - least[2]) / (OPERATIONS * 0.7)
    print(f"{OPERATIONS} operations, {slope:.3f} bytes more each: {least}")
    assert slope < 1


@pytest.mark.skipif(OPERATIONS == 0, reason="LGSTORE_OPERATIONS does not say how many operations")
def test_memory_is_flat() -> None:
    # In a process of its own whose C allocator keeps nothing back: see ../test_flat_memory.py.
    tunables = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0"
    ended = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "GLIBC_TUNABLES": tunables},
        capture_output=True,
        text=True,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr


if __name__ == "__main__":
    measure()
