"""LangGraph's stores and lgstore side by side: ``python bench --help``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import peers
import report
from data import Data
from langgraph.store.base import PutOp
from measure import Figures, Stretch, stretch
from workloads import WORKLOADS

EXPIRED = 2_000
Table = dict[tuple[str, int], dict[str, Figures]]


async def load(peer: peers.Peer, data: Data, values: list[dict[str, Any]]) -> Stretch:
    """All items, in batches of which four are on their way."""

    async def one(i: int) -> bool:
        numbers = range(i * peer.batch, min((i + 1) * peer.batch, data.size))
        await peer.store.abatch(PutOp(data.namespace(n), data.key(n), values[n]) for n in numbers)
        return True

    taken = await stretch(one, -(-data.size // peer.batch), 4, peer.batch, peer.server)
    if taken.wrong:
        raise RuntimeError(f"{taken.wrong} batches could not be loaded") from taken.failure
    return Stretch(data.size, taken.client, taken.server, taken.wall, 0)


async def sweep(peer: peers.Peer, data: Data, values: list[dict[str, Any]]) -> Stretch:
    """2,000 items that have expired, reclaimed by one sweep."""
    ops = [PutOp(("expired",), f"{n}", values[n % data.size], ttl=0.001) for n in range(EXPIRED)]
    await peer.store.abatch(ops)
    await asyncio.sleep(2.1)  # SQLite's times are whole seconds.

    async def one(_: int) -> bool:
        # lgstore's own sweeper may have been there first; nobody sweeps more than there was.
        return 0 <= await peer.store.sweep_ttl() <= EXPIRED and not await peer.store.asearch(("expired",))

    return await stretch(one, 1, 1, EXPIRED, peer.server)


async def run(openings: dict[str, peers.Opening], chosen: list[str], data: Data, rounds: int) -> Table:
    values = [data.value(n) for n in range(data.size)]
    table: Table = {("W10 load", 4): {}}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lgstore-bench-")))
        stores = {name: await stack.enter_async_context(opening(folder)) for name, opening in openings.items()}
        for name, peer in stores.items():
            table["W10 load", 4][name] = Figures([await load(peer, data, values)])
            print(f"loaded {name}", file=sys.stderr)
        # W11 takes items away: it comes last, and what it took is put back.
        for workload in (WORKLOADS[name] for name in chosen if name in WORKLOADS):
            for callers, count in workload.calls:
                figures = table.setdefault((workload.name, callers), {name: Figures() for name in stores})
                for turn in range(rounds):
                    names = list(stores)
                    for name in names[turn % len(names) :] + names[: turn % len(names)]:
                        peer = stores[name]
                        one = workload.make(peer, data, values)
                        taken = await stretch(one, count, callers, workload.items, peer.server)
                        figures[name].stretches.append(taken)
                        if workload.name.startswith("W11"):
                            await load(peer, data, values)
                print(f"{workload.name}, {callers} callers", file=sys.stderr)
        if "W12 sweep" in chosen:
            sweeping = {name: peer for name, peer in stores.items() if peer.ttl}
            table["W12 sweep", 1] = {
                name: Figures([await sweep(peer, data, values) for _ in range(rounds)])
                for name, peer in sweeping.items()
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
    table = asyncio.run(run(openings, chosen, Data(options.namespaces, 100), options.rounds))
    print(report.markdown(table))
    held = report.ceilings(table)
    return 1 if options.check and not held else 0


if __name__ == "__main__":
    sys.exit(main())
