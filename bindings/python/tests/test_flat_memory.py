"""Operations of all ways leave less than a byte each behind (LGSTORE_OPERATIONS of them)."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys

import pytest
from conftest import ACCEPTING, MEMORY, PLACE

import lgstore
from lgstore import Get, Put, Runtime, Store

OPERATIONS = int(os.environ.get("LGSTORE_OPERATIONS", "0"))


def resident() -> int:
    """The bytes of the process that lie in memory, after the garbage is gone."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def blocking(store: Store, accepted: Store, n: int) -> None:
    for i in range(n // 4):
        key = str(i % 100)
        store.put(PLACE, key, {"name": "Ada", "n": i})
        assert store.get(PLACE, key) is not None
        assert accepted.get(PLACE, key) is None
        try:
            store.put((), key, {})
        except lgstore.ValidationError:
            continue
        raise AssertionError("an item in no namespace")


async def awaited(store: Store, accepted: Store, n: int) -> None:
    async def one(i: int) -> None:
        key = str(i % 100)
        await store.aput(PLACE, key, {"name": "Ada", "n": i})
        await accepted.aget(PLACE, key)
        await store.abatch([Put(PLACE, key, {"n": i}), Get(PLACE, key)])
        cancelled = asyncio.ensure_future(accepted.aget(PLACE, key))
        await asyncio.sleep(0)
        cancelled.cancel()

    for i in range(n // 80):
        await asyncio.gather(*(one(i + k) for k in range(20)))


def measure() -> None:
    with (
        Runtime(max_blocking_threads=2) as runtime,
        Store(MEMORY, runtime=runtime) as store,
        Store(ACCEPTING, runtime=runtime) as accepted,
    ):
        # The least of each tenth counts: what is in use for a moment is no growth.
        least = []
        for _ in range(10):
            seen = []
            for _ in range(5):
                blocking(store, accepted, OPERATIONS // 100)
                asyncio.run(awaited(store, accepted, OPERATIONS // 100))
                seen.append(resident())
            least.append(min(seen))
    slope = (least[9] - least[2]) / (OPERATIONS * 0.7)
    print(f"{OPERATIONS} operations, {slope:.3f} bytes more each: {least}")
    assert slope < 1, "memory grows"


@pytest.mark.skipif(OPERATIONS == 0, reason="LGSTORE_OPERATIONS does not say how many operations")
def test_memory_is_flat() -> None:
    # C's allocator keeps memory back for its threads, which fills slowly and looks like a leak: in a process of
    # its own it must not. Python's own allocator stays.
    tunables = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1:glibc.malloc.mxfast=0"
    ended = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "GLIBC_TUNABLES": tunables},
        cwd=os.path.dirname(__file__),
        capture_output=True,
        text=True,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr


if __name__ == "__main__":
    measure()
