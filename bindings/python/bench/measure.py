"""CPU, time and wrong answers of a stretch of work, of this process and of a server beside it."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import psutil


class Server:
    """The processes that serve a store: CPU time of all of them, seconds."""

    def __init__(self, root: psutil.Process) -> None:
        self._root = root

    @classmethod
    def listening_on(cls, host: str, port: int) -> Server | None:
        """The process that listens there, or None where it isn't on this machine."""
        for connection in psutil.net_connections("tcp"):
            here = connection.laddr
            if connection.status == psutil.CONN_LISTEN and here.port == port and here.ip in (host, "0.0.0.0", "::"):
                return cls(psutil.Process(connection.pid)) if connection.pid else None
        return None

    def cpu(self) -> float:
        total = 0.0
        for process in (self._root, *self._root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            # Of children that have ended, too: a server of processes starts one for each connection.
            total += times.user + times.system + times.children_user + times.children_system
        return total


@dataclass
class Stretch:
    """What so many operations took."""

    operations: int
    client: float
    server: float
    wall: float
    wrong: int
    #: What the first call that raised has raised.
    failure: Exception | None = None


@dataclass
class Figures:
    """The stretches of one workload on one store."""

    stretches: list[Stretch] = field(default_factory=list)

    @property
    def best(self) -> Stretch:
        """The stretch with the least CPU: other work on the machine only adds."""
        return min(self.stretches, key=lambda s: (s.client + s.server) / s.operations)

    @property
    def client_us(self) -> float:
        return min(s.client / s.operations for s in self.stretches) * 1e6

    @property
    def server_us(self) -> float:
        return min(s.server / s.operations for s in self.stretches) * 1e6

    @property
    def per_second(self) -> float:
        return max(s.operations / s.wall for s in self.stretches)

    @property
    def wrong(self) -> int:
        return sum(s.wrong for s in self.stretches)


def process_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def stretch(
    one: Callable[[int], Awaitable[bool]], count: int, callers: int, items: int, server: Server | None
) -> Stretch:
    """Runs ``one(i)`` for i below `count` from so many callers at once.

    ``one`` says whether its answer was right; each counts as `items` operations. One that raises is
    wrong, too: on a server with its usual limits the founding design's mixed batches of 100 KB are
    refused.
    """
    turns = iter(range(count))
    wrong = 0
    failure: Exception | None = None

    async def caller() -> None:
        nonlocal wrong, failure
        for i in turns:
            try:
                wrong += not await one(i)
            except Exception as error:
                wrong += 1
                failure = failure or error

    served = server.cpu() if server else 0.0
    cpu, begun = process_cpu(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    wall, cpu = time.perf_counter() - begun, process_cpu() - cpu
    served = server.cpu() - served if server else 0.0
    return Stretch(count * items, cpu, served, wall, wrong, failure)
