"""Work that waits, on a thread of its own."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable


def apart(work: Callable[[], None], name: str) -> concurrent.futures.Future[None]:
    """Begins some work on a new thread of that name, which ends with the process; the result says how it ended.

    Not on an event loop's default executor: that is the program's, has a few threads only, and what waits there for
    what waits behind it waits for ever. When the interpreter ends and no thread is to be had, it is done here.
    """
    done: concurrent.futures.Future[None] = concurrent.futures.Future()
    done.set_running_or_notify_cancel()  # From now on it can't be cancelled.

    def run() -> None:
        try:
            work()
        except BaseException as wrong:
            done.set_exception(wrong)
        else:
            done.set_result(None)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError:
        run()
    return done
