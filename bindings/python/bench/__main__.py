"""LangGraph's stores and lgstore side by side: ``python bench --help``."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import peers
import report
from data import Data
from langgraph.store.base import PutOp
from measure import Figures, Stretch, stretch
from workloads import WORKLOADS, deletion_order

EXPIRED = 2_000
Table = dict[tuple[str, int], dict[str, Figures]]


def puts(data: Data, numbers: Iterable[int]) -> list[PutOp]:
    return [PutOp(data.namespace[n], data.key[n], data.value[n]) for n in numbers]


async def load(peer: peers.Peer, data: Data) -> Stretch:
    """All items, in batches of which four are on their way."""

    def call(i: int) -> Awaitable[Any]:
        return peer.store.abatch(puts(data, range(i * peer.batch, min((i + 1) * peer.batch, data.size))))

    taken = await stretch(call, answered, -(-data.size // peer.batch), 4, peer.batch, peer.server)
    if taken.wrong:
        raise RuntimeError(f"{taken.wrong} batches could not be loaded") from taken.failure
    return Stretch(data.size, taken.client, taken.server, taken.wall, 0)


def answered(_: int, answer: object) -> bool:
    return answer is not None


async def put_back(peer: peers.Peer, data: Data, count: int) -> None:
    """What W11 has deleted."""
    deleted = deletion_order(data)[:count]
    for first in range(0, count, peer.batch):
        await peer.store.abatch(puts(data, deleted[first : first + peer.batch]))


async def sweep(peer: peers.Peer, data: Data) -> Stretch:
    """2,000 items that have expired, reclaimed by one sweep."""
    ops = [PutOp(("expired",), f"{n}", data.value[n % data.size], ttl=0.001) for n in range(EXPIRED)]
    await peer.store.abatch(ops)
    await asyncio.sleep(2.1)  # SQLite's times are whole seconds.
    # lgstore's own sweeper may have been there first; nobody sweeps more than there was.
    taken = await stretch(
        lambda _: peer.store.sweep_ttl(), lambda _, swept: 0 <= swept <= EXPIRED, 1, 1, EXPIRED, peer.server
    )
    taken.wrong += len(await peer.store.asearch(("expired",)))
    return taken


async def run(openings: dict[str, peers.Opening], chosen: list[str], data: Data, rounds: int) -> Table:
    table: Table = {("W10 load", 4): {}}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lgstore-bench-")))
        stores = {name: await stack.enter_async_context(opening(folder)) for name, opening in openings.items()}
        for name, peer in stores.items():
            table["W10 load", 4][name] = Figures([await load(peer, data)])
            print(f"loaded {name}", file=sys.stderr)
        for workload in (WORKLOADS[name] for name in chosen if name in WORKLOADS):
            for callers, count in workload.calls:
                figures = table.setdefault((workload.name, callers), {name: Figures() for name in stores})
                for turn in range(rounds):
                    names = list(stores)
                    for name in names[turn % len(names) :] + names[: turn % len(names)]:
                        peer = stores[name]
                        call, check = workload.make(peer.store, data)
                        taken = await stretch(call, check, count, callers, workload.items, peer.server)
                        figures[name].stretches.append(taken)
                        if workload.name == "W11 delete":
                            await put_back(peer, data, count)
                print(f"{workload.name}, {callers} callers", file=sys.stderr)
        if "W12 sweep" in chosen:
            sweeping = {name: peer for name, peer in stores.items() if peer.ttl}
            table["W12 sweep", 1] = {
                name: Figures([await sweep(peer, data) for _ in range(rounds)]) for name, peer in sweeping.items()
            }
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--namespaces", type=int, default=1_000, help="namespaces of 100 items each (default 1,000)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which the least CPU counts")
    parser.add_argument("--stores", help="names, separated by commas; default all")
    parser.add_argument("--workloads", help="beginnings of names, separated by commas; default all")
    parser.add_argument("--cluster", metavar="HOST:PORT", help="compare the stores on this cluster instead")
    parser.add_argument("--check", action="store_true", help="fail where a ceiling is not held")
    options = parser.parse_args()

    openings = peers.cluster(options.cluster) if options.cluster else peers.embedded()
    if options.stores:
        openings = {name: openings[name] for name in options.stores.split(",")}
    begun = (options.workloads or "W").split(",")
    chosen = [name for name in (*WORKLOADS, "W12 sweep") if any(name.startswith(text) for text in begun)]
    data = Data(options.namespaces, 100)
    gc.freeze()  # What the benchmark holds is not for the collector to walk through.
    table = asyncio.run(run(openings, chosen, data, options.rounds))
    print(report.markdown(table))
    held = report.ceilings(table)
    return 1 if options.check and not held else 0


if __name__ == "__main__":
    sys.exit(main())
