"""CPU, time and wrong answers of a stretch of work, of this process and of a server beside it."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

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
    call: Callable[[int], Awaitable[Any]],
    check: Callable[[int, Any], bool],
    count: int,
    callers: int,
    items: int,
    server: Server | None,
) -> Stretch:
    """Awaits ``call(i)`` for i below `count` from so many callers at once; each counts as `items` operations.

    The answers are looked at between parts of the work, which is not counted. A call that raises is wrong, too: on a
    server with its usual limits the founding design's mixed batches of 100 KB are refused.
    """
    part = max(8 * callers, 500 // items)
    served = server.cpu() if server else 0.0
    taken = Stretch(0, 0.0, 0.0, 0.0, 0)
    for begin in range(0, count, part):
        turns = iter(range(begin, min(begin + part, count)))
        answers: list[tuple[int, Any]] = []
        cpu, begun = process_cpu(), time.perf_counter()
        await asyncio.gather(*(_caller(call, turns, answers) for _ in range(callers)))
        taken.wall += time.perf_counter() - begun
        taken.client += process_cpu() - cpu
        taken.operations += len(answers) * items
        for i, answer in answers:
            if isinstance(answer, Exception):
                taken.failure = taken.failure or answer
            taken.wrong += isinstance(answer, Exception) or not check(i, answer)
    taken.server = server.cpu() - served if server else 0.0
    return taken


async def _caller(call: Callable[[int], Awaitable[Any]], turns: Iterator[int], answers: list[tuple[int, Any]]) -> None:
    for i in turns:
        try:
            answers.append((i, await call(i)))
        except Exception as error:
            answers.append((i, error))
