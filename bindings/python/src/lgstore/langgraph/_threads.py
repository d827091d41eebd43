"""Threads of lgstore's own for what would keep an event loop from its work.

Not the loop's default executor: the program's own work may fill that and wait for the very answer that is made here.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """At most so many threads, which are started when there is work. For any event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self.forget()

    def forget(self) -> None:
        """Begins anew: after a fork the threads are the parent's."""
        self._executor = ThreadPoolExecutor(self._count, thread_name_prefix=self._name)

    async def arun(self, work: Callable[[], T]) -> T:
        """Does the work with the caller's context. Cancelled, what has not begun is not done."""
        context = contextvars.copy_context()

        def done() -> T:
            try:
                return context.run(work)
            except StopIteration as error:  # which a future can't hold: whoever awaits it would wait for ever
                raise RuntimeError("StopIteration was raised") from error

        return await asyncio.wrap_future(self._executor.submit(done))


embedding = Threads("lgstore-embed", min(32, (os.cpu_count() or 1) + 4))
"""Models' blocking functions, which wait for a server most of the time."""

scoring = Threads("lgstore-rank", 2)
"""Reading vectors and comparing them, a page at a time, so that searches take turns."""


def _after_fork() -> None:
    embedding.forget()
    scoring.forget()


os.register_at_fork(after_in_child=_after_fork)
