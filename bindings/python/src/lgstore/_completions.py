"""How requests go down and outcomes come back: :func:`run` blocks, :func:`arun` serves event loops.

Both first ask for an immediate answer, which costs no thread and no wake-up. Otherwise the outcome comes by a
completion queue of the C library: there is one for each blocked caller, and one for each event loop, whose
descriptor the loop watches.

The handler of a signal may raise wherever Python code runs. CPython calls it where a function of Python begins, where
a loop goes round and after a call, also one of a C function; never between a C function's end and the C code that
called it, and never between plain loads and stores and the call that they prepare. What has to be known of a result
that the library gave is written down within these bounds, so that each is released once and none is lost.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from itertools import starmap
from typing import Any

from . import error
from ._capi import IMMEDIATE, MORE_FOLLOWS, WOULD_DEADLOCK, ffi, lib

# A blocked caller looks up this often, so that a signal (Ctrl-C) is handled within that time.
_SLICE_US = 50_000
# How many requests of one event loop may be in flight; more are refused as busy.
_LOOP_CAPACITY = 65_536
# How many completions are taken at once.
_BURST = 256
# How many requests of one turn of an event loop may lie before a thread begins with them.
_LYING = 32
# How many slots are kept for blocking callers to come.
_IDLE = 64

# The end of the arguments of an empty burst.
_NO_REQUEST = (ffi.NULL, 0, ffi.NULL, ffi.NULL, ffi.NULL)

Outcome = tuple[int, bytes]
"""Status and document of a request."""

library_threads: set[int] = set()
"""Threads of the library that run Python now, in a log handler: they can't wait for completions."""


class _Slot:
    """A queue, and what one request is submitted with: reused, because making it costs more than using it.

    For one thread at a time. `owes[0]` is 1 from the moment that a request is accepted until its result is given back,
    or its completion is left to the queue.
    """

    __slots__ = ("_first", "_submission", "done", "ops", "owes", "queue")

    def __init__(self, capacity: int) -> None:
        out, failure = ffi.new("lgstore_cq_t **"), ffi.new("lgstore_error_t **")
        status = lib.lgstore_cq_new(ffi.NULL, capacity, out, failure)
        if status != 0:
            raise error.take(failure[0], status)
        self.queue = ffi.gc(out[0], lib.lgstore_cq_free)
        self.ops = ffi.new("lgstore_op_t *")
        self.owes = ffi.new("size_t *")
        self._submission = ffi.new("lgstore_submission_t *")
        self.done = ffi.new("lgstore_completion_t[]", 1)
        self._first = self.done[0]

    def submit(self, store: Any, op: int, body: bytes, timeout_us: int, tag: int, flags: int = IMMEDIATE) -> int:
        """Submits a request and returns its id; 0 = it is done, see `take`. Raises when it is refused."""
        length = len(body)
        submission = self._submission
        submission.op = op
        submission.flags = flags
        submission.json_len = length
        submission.timeout_us = timeout_us
        submission.tag = tag
        status = lib.lgstore_submit_cq(store, self.queue, body, length, submission, 1, self.owes, self.ops, self.done)
        if status != 0:
            raise error.refusal(status)
        request: int = self.ops[0]
        return request

    def wait(self) -> None:
        """Waits for the completion of a request, so that `take` finds it. Signals are handled meanwhile."""
        while lib.lgstore_cq_wait(self.queue, self.done, 1, _SLICE_US) == 0:
            pass

    def take(self) -> Outcome:
        """The outcome that has come."""
        first, queue, done = self._first, self.queue, self.done
        outcome = first.status, ffi.buffer(first.json, first.json_len)[:]
        self.owes[0] = 0  # before the release: no handler runs between the two
        lib.lgstore_cq_release(queue, done, 1)
        return outcome


# Slots of blocking callers that are not in use now. append and pop of a list are atomic.
_idle: list[_Slot] = []


def run(store: Any, op: int, body: bytes, timeout_us: int) -> Outcome:
    """Submits a request and waits for its outcome, on any thread but the library's."""
    if library_threads and threading.get_ident() in library_threads:
        raise error.refusal(WOULD_DEADLOCK)
    try:
        slot = _idle.pop()
    except IndexError:
        slot = _Slot(1)
    try:
        if slot.submit(store, op, body, timeout_us, 0) != 0:
            slot.wait()
        outcome = slot.take()
    except BaseException:
        # The handler of a signal has raised, or the request was refused. The slot is dropped, and with its queue
        # what would still come: it is never another's. No function of Python, in which a handler could run, does it.
        if slot.owes[0] != 0:
            slot.owes[0] = 0
            lib.lgstore_cq_release(slot.queue, slot.done, 1)  # Nothing, where no result has come.
            lib.lgstore_cancel(store, slot.ops[0])  # Nothing, where it is done.
        raise
    if len(_idle) < _IDLE:
        _idle.append(slot)
    return outcome


class _LoopQueue:
    """What one event loop has; used on that loop's thread only."""

    __slots__ = ("_batch", "_held", "_lying", "_room", "_together", "loop", "pending", "slot", "tag")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak: the loop holds this queue by its reader, and must be free to go.
        self.loop = weakref.ref(loop)
        self.slot = _Slot(_LOOP_CAPACITY)
        self.tag = 0
        self.pending: dict[int, asyncio.Future[Outcome]] = {}
        self._batch = ffi.new("lgstore_completion_t[]", _BURST)
        # What is known of the batch: [] = it is empty, [n] = it holds n completions, [n, None] = they are released.
        self._held: list[Any] = []
        # How many outcomes came with the last batch.
        self._together = 0
        # Stores of which requests may lie that no thread was woken for: the loop's next round wakes one.
        self._lying: list[Any] = []
        # How many more may.
        self._room = _LYING
        descriptor = lib.lgstore_cq_fd(self.slot.queue)
        if descriptor < 0:
            raise OSError("no descriptor is to be had for a completion queue")
        loop.add_reader(descriptor, self.drain)

    def submit(self, store: Any, op: int, body: bytes, timeout_us: int, tag: int) -> int:
        """Submits a request, as `_Slot.submit`.

        Where callers wait side by side, the outcomes that came together let all of them go on in one round of the
        loop. A thread that is woken for the first request takes it alone, and sleeps again before the next. So they
        lie until the end of the round.
        """
        if (self._together > 1 or self.pending) and (self._room > 0 or not self._lying):
            if store not in self._lying:
                if not self._lying:
                    self._room = _LYING
                # Before anything lies, and with nothing of Python's to be called, so that no handler comes between.
                # They come behind the callers that can go on now. The wake last: whoever comes between the two, from
                # another thread, and finds the store here, has it behind him.
                call_soon = asyncio.get_running_loop().call_soon
                call_soon(self._lying.clear)
                call_soon(lib.lgstore_submit_cq, store, self.slot.queue, b"", 0, *_NO_REQUEST)
                self._lying.append(store)
            self._room -= 1
            return self.slot.submit(store, op, body, timeout_us, tag, IMMEDIATE | MORE_FOLLOWS)
        return self.slot.submit(store, op, body, timeout_us, tag)

    def drain(self) -> None:
        """Hands out what has come.

        What an exception interrupts, the next call goes on with. Handing out a burst may be begun again: those that
        are handed out are not pending any more.
        """
        queue, batch, held = self.slot.queue, self._batch, self._held
        try:
            while True:
                if not held:
                    # In one step of the interpreter: nothing comes between the call and its being known.
                    held.extend(starmap(lib.lgstore_cq_drain, [(queue, batch, _BURST)]))
                count = self._together = held[0]
                if len(held) == 1:
                    self._lying.clear()  # Should the loop have lost what was to do that.
                    self._hand_out(count)
                    held.extend(starmap(lib.lgstore_cq_release, [(queue, batch, count)]))
                held.clear()
                if count < _BURST:
                    return
        except BaseException:
            lib.lgstore_cq_wake(queue)  # so that the loop calls again
            raise

    def _hand_out(self, count: int) -> None:
        batch, pending = self._batch, self.pending
        for index in range(count):
            completion = batch[index]
            tag = completion.tag
            future = pending.get(tag)
            if future is None:
                continue  # Nobody waits for this any more.
            if not future.done():
                try:
                    outcome = completion.status, ffi.buffer(completion.json, completion.json_len)[:]
                except MemoryError as wrong:
                    future.set_exception(wrong)
                else:
                    future.set_result(outcome)
            # Behind it: what is interrupted before this is done again.
            del pending[tag]

    def end(self) -> None:
        """Gives back what it holds, when its loop has ended."""
        if len(self._held) == 1:
            self._held.extend(starmap(lib.lgstore_cq_release, [(self.slot.queue, self._batch, self._held[0])]))
        for store in self._lying:
            lib.lgstore_submit_cq(store, self.slot.queue, b"", 0, *_NO_REQUEST)
        self._lying.clear()


# By the id of the loop. An entry whose loop has ended may stand here until the next one is made.
_queues: dict[int, _LoopQueue] = {}
_making = threading.Lock()


async def arun(store: Any, op: int, body: bytes, timeout_us: int) -> Outcome:
    """Submits a request and awaits its outcome, on any event loop. Cancelling the await cancels the request."""
    loop = asyncio.get_running_loop()
    queue = _queues.get(id(loop))
    if queue is None or queue.loop() is not loop:
        queue = _make(loop)
    queue.tag = tag = queue.tag + 1
    slot = queue.slot
    try:
        request = queue.submit(store, op, body, timeout_us, tag)
        if request == 0:
            queue._together = 0  # Answers that are at hand let nobody else go on.
            return slot.take()
        future: asyncio.Future[Outcome] = loop.create_future()
        queue.pending[tag] = future
        slot.owes[0] = 0  # From here on the queue brings it.
    except BaseException:
        if slot.owes[0] != 0:  # as in `run`
            slot.owes[0] = 0
            lib.lgstore_cq_release(slot.queue, slot.done, 1)
            lib.lgstore_cancel(store, slot.ops[0])
        raise
    try:
        return await future
    except BaseException:
        # Cancelled, or the coroutine was dropped. The completion still comes, and `drain` passes over it.
        lib.lgstore_cancel(store, request)
        raise


def _make(loop: asyncio.AbstractEventLoop) -> _LoopQueue:
    with _making:
        # The queues of loops that have ended since are freed; what was still in flight there has no reader.
        for key, queue in list(_queues.items()):
            ended = queue.loop()
            if ended is None or ended.is_closed():
                del _queues[key]
                queue.end()
        made = _queues[id(loop)] = _LoopQueue(loop)
        return made


def _after_fork() -> None:
    # In the child nothing of the parent's is of use. Freeing it there does nothing.
    global _making
    _making = threading.Lock()
    _idle.clear()
    _queues.clear()
    library_threads.clear()


os.register_at_fork(after_in_child=_after_fork)
