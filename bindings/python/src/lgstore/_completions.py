"""How requests go down and outcomes come back: :func:`run` blocks, :class:`LoopQueue` serves one event loop.

Both first ask for an immediate answer, which costs no thread and no wake-up. Otherwise the outcome comes by a
completion queue of the C library: here one for each blocked caller, there one for each event loop, whose
descriptor the loop watches.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from typing import Any

from . import error
from ._capi import FORKED, IMMEDIATE, WOULD_DEADLOCK, ffi, lib

# A blocked caller looks up this often, so that a signal (Ctrl-C) is handled within that time.
_SLICE_US = 50_000
# How many requests of one event loop may be in flight; more are refused as busy.
_LOOP_CAPACITY = 65_536
_BURST = 256

Outcome = tuple[int, bytes]
"""Status and document of a request."""


class _Slot:
    """What one request is submitted with: reused, because making it costs more than using it."""

    __slots__ = ("accepted", "done", "first", "ops", "queue", "submission")

    def __init__(self, capacity: int) -> None:
        out, failure = ffi.new("lgstore_cq_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_cq_new(ffi.NULL, capacity, out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        self.queue = ffi.gc(out[0], lib.lgstore_cq_free)
        self.submission = ffi.new("lgstore_submission_t *", {"flags": IMMEDIATE})
        self.accepted = ffi.new("size_t *")
        self.ops = ffi.new("lgstore_op_t *")
        self.done = ffi.new("lgstore_completion_t[]", 1)
        self.first = self.done[0]

    def submit(self, store: Any, op: int, body: bytes, timeout_us: int, tag: int) -> int:
        """Submits. Returns the request's id; 0 = done, see `take`."""
        length = len(body)
        submission = self.submission
        submission.op = op
        submission.json_len = length
        submission.timeout_us = timeout_us
        submission.tag = tag
        status = lib.lgstore_submit_cq(
            store, self.queue, body, length, submission, 1, self.accepted, self.ops, self.done
        )
        if status != 0:
            raise error.refusal(status)
        return self.ops[0]  # type: ignore[no-any-return]

    def take(self) -> Outcome:
        """The outcome in `done`, which is given back."""
        first = self.first
        outcome = first.status, ffi.buffer(first.json, first.json_len)[:]
        lib.lgstore_cq_release(self.queue, self.done, 1)
        return outcome


# Slots of callers that are not waiting now. append and pop of a list are atomic.
_idle: list[_Slot] = []
# Threads of the library that run Python now, in a log handler: they can't wait for completions.
library_threads: set[int] = set()


def run(store: Any, op: int, body: bytes, timeout_us: int) -> Outcome:
    """Submits a request and waits for its outcome, on any thread; signals are handled meanwhile."""
    try:
        slot = _idle.pop()
    except IndexError:
        slot = _Slot(1)
    slot.ops[0] = 0
    try:
        if slot.submit(store, op, body, timeout_us, 0) != 0:
            while lib.lgstore_cq_wait(slot.queue, slot.done, 1, _SLICE_US) == 0:
                if threading.get_ident() in library_threads:
                    raise error.refusal(WOULD_DEADLOCK)
                if _pid != os.getpid():
                    raise error.refusal(FORKED)
        outcome = slot.take()
    except error.LgstoreError:
        # TODO
        raise
    except BaseException:
        # A signal's handler has raised. The slot is dropped, and with its queue what would still come.
        lib.lgstore_cancel(store, slot.ops[0])
        raise
    _idle.append(slot)
    return outcome


class LoopQueue:
    """The completion queue of one event loop, used on that loop's thread only."""

    __slots__ = ("_batch", "_slot", "_tag", "loop", "pending")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self._slot = _Slot(_LOOP_CAPACITY)
        self._batch = ffi.new("lgstore_completion_t[]", _BURST)
        self._tag = 0
        self.pending: dict[int, asyncio.Future[Outcome]] = {}
        loop.add_reader(lib.lgstore_cq_fd(self._slot.queue), self._drain)

    async def run(self, store: Any, op: int, body: bytes, timeout_us: int) -> Outcome:
        """Submits a request and awaits its outcome. Cancelling the await cancels the request."""
        slot = self._slot
        self._tag = tag = self._tag + 1
        request = slot.submit(store, op, body, timeout_us, tag)
        if request == 0:
            return slot.take()
        future = self.pending[tag] = asyncio.get_running_loop().create_future()
        try:
            return await future
        except BaseException:
            # Cancelled, or the coroutine was dropped. The completion still comes, and is thrown away.
            lib.lgstore_cancel(store, request)
            raise

    def _drain(self) -> None:
        queue, batch, pending = self._slot.queue, self._batch, self.pending
        count = _BURST
        while count == _BURST:
            count = lib.lgstore_cq_drain(queue, batch, _BURST)
            for index in range(count):
                completion = batch[index]
                future = pending.pop(completion.tag)
                if not future.done():
                    future.set_result(
                        (completion.status, ffi.buffer(completion.json, completion.json_len)[:])
                    )
            lib.lgstore_cq_release(queue, batch, count)


_loops: dict[int, LoopQueue] = {}
_pid = os.getpid()


def of_running_loop() -> LoopQueue:
    """The queue of the running event loop, made at its first use."""
    loop = asyncio.get_running_loop()
    queue = _loops.get(id(loop))
    if queue is None or queue.loop() is not loop:
        queue = _make(loop)
    return queue


def _make(loop: asyncio.AbstractEventLoop) -> LoopQueue:
    # Loops that have ended since leave their queues to be freed.
    for key, old in list(_loops.items()):
        ended = old.loop()
        if ended is None or ended.is_closed():
            _loops.pop(key, None)
    queue = _loops[id(loop)] = LoopQueue(loop)
    return queue


def _forget() -> None:
    # In the child of a fork nothing of the parent's is of use. Freeing it there does nothing.
    global _pid
    _pid = os.getpid()
    _idle.clear()
    _loops.clear()
    library_threads.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
