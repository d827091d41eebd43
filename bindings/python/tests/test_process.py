"""The ends of processes, forks, signals, other interpreters: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

HEAD = """
import asyncio, os, signal, sys, threading, time
import lgstore
signal.alarm(100)  # Whatever happens to the test, this process ends.
PLACE = ("python", "tests")
STUCK = {"backend": "fault", "fault": {"delay_us": 3_600_000_000}}
ACCEPTING = {"backend": "embedded", "immediate": False}
"""


def start(program: str) -> subprocess.Popen[str]:
    """Runs a program with warnings as errors and no patience."""
    text = HEAD + textwrap.dedent(program)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], expected: int = 0, said: str = "") -> str:
    """Waits for a program's end, which must be quiet; returns what it printed."""
    try:
        out, noise = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == expected, noise
    assert noise == "" or (said and said in noise), noise
    return out


@pytest.mark.parametrize(
    "program",
    [
        # Requests pending in an event loop that is given up.
        """
        store = lgstore.Store(STUCK)
        async def main():
            for n in range(100):
                asyncio.ensure_future(store.aput(PLACE, str(n), {}))
            await asyncio.sleep(0.01)
        asyncio.run(main())
        """,
        # A loop that is never closed, and its requests with it.
        """
        store = lgstore.Store(STUCK)
        loop = asyncio.new_event_loop()
        pending = [store.aput(PLACE, str(n), {}) for n in range(10)]
        async def main():
            for one in pending:
                one.send(None)
        loop.run_until_complete(main())
        loop.close()
        """,
        # Threads inside the library, blocked.
        """
        store = lgstore.Store(STUCK)
        for n in range(8):
            threading.Thread(target=lambda: store.put(PLACE, "k", {}), daemon=True).start()
        while store.metrics()["in_flight"] < 8:
            time.sleep(0.001)
        """,
        # Threads inside the library, coming and going.
        """
        store = lgstore.Store(ACCEPTING)
        def work():
            while True:
                store.put(PLACE, "k", {})
        for n in range(4):
            threading.Thread(target=work, daemon=True).start()
        while store.metrics()["total_operations"] < 2000:
            time.sleep(0.001)
        """,
        # A close that waits.
        """
        store = lgstore.Store(STUCK)
        threading.Thread(target=lambda: store.put(PLACE, "k", {}), daemon=True).start()
        while store.metrics()["in_flight"] == 0:
            time.sleep(0.001)
        threading.Thread(target=store.close, args=(None,), daemon=True).start()
        """,
        # A close when the interpreter ends, of stores in cycles and globals.
        """
        import atexit
        store = lgstore.Store(ACCEPTING)
        store.put(PLACE, "k", {})
        atexit.register(store.close)
        class Holder: pass
        holder = Holder()
        holder.self, holder.store = holder, lgstore.Store("memory:")
        """,
        # Events of the log while the interpreter ends.
        """
        import logging
        logging.basicConfig(level=1, stream=open(os.devnull, "w"))
        runtime = lgstore.Runtime()
        store = lgstore.Store({**ACCEPTING, "limits": {"warn_value_bytes": 1}}, runtime=runtime)
        def work():
            while True:
                store.put(PLACE, "k", {"n": 1})
        for n in range(2):
            threading.Thread(target=work, daemon=True).start()
        while store.metrics()["total_operations"] < 500:
            time.sleep(0.001)
        logging.root.handlers[0].stream.flush()
        """,
        # The same, after a handler has asked for silence, which it can't have there.
        """
        import logging
        def handle(record):
            logging.getLogger("lgstore").setLevel(100)
            runtime.update_log_level()
            handled.set()
            logging.getLogger("lgstore").setLevel(1)
            return False
        handled = threading.Event()
        logging.basicConfig(level=1, stream=open(os.devnull, "w"))
        logging.getLogger("lgstore").addFilter(handle)
        runtime = lgstore.Runtime()
        store = lgstore.Store({**ACCEPTING, "limits": {"warn_value_bytes": 1}}, runtime=runtime)
        def work():
            while True:
                store.put(PLACE, "k", {"n": 1})
        for n in range(2):
            threading.Thread(target=work, daemon=True).start()
        handled.wait()
        while store.metrics()["total_operations"] < 500:
            time.sleep(0.001)
        """,
    ],
)
def test_a_process_ends_quietly(program: str) -> None:
    for _ in range(2):
        finish(start(program))


def test_the_child_of_a_fork_is_told() -> None:
    program = """
    import warnings; warnings.simplefilter("ignore", DeprecationWarning)
    runtime = lgstore.Runtime()
    store, other = lgstore.Store(ACCEPTING, runtime=runtime), lgstore.Store(STUCK)
    store.put(PLACE, "k", {"n": 1})
    async def main():
        await store.aput(PLACE, "k", {"n": 1})
        pending = asyncio.ensure_future(other.aget(PLACE, "k"))
        await asyncio.sleep(0)
        child = os.fork()
        if child == 0:
            for call in (lambda: store.get(PLACE, "k"), lambda: store.put(PLACE, "k", {}), store.metrics):
                try:
                    call()
                except lgstore.ForkedError:
                    continue
                os._exit(1)
            async def again():
                try:
                    await store.aput(PLACE, "k", {})
                except lgstore.ForkedError:
                    await store.aclose()
                else:
                    os._exit(2)
            asyncio.run(again())
            runtime.close()
            runtime.close()
            def fresh():
                with lgstore.Store(ACCEPTING) as mine:
                    mine.put(PLACE, "k", {"n": 2})
                    async def work():
                        return (await mine.aget(PLACE, "k")).value
                    return asyncio.run(work())
            thread_result = []
            thread = threading.Thread(target=lambda: thread_result.append(fresh()))
            thread.start(); thread.join()
            os._exit(0 if thread_result == [{"n": 2}] else 3)
        assert os.waitpid(child, 0)[1] == 0
        pending.cancel()
    asyncio.run(main())
    assert store.get(PLACE, "k").value == {"n": 1}
    store.close(); other.close(0)
    del store
    runtime.close()
    """
    finish(start(program))


@pytest.mark.parametrize("how", ["store.put(PLACE, 'k', {})", "store.close(None)"])
def test_ctrl_c_is_honoured(how: str) -> None:
    program = f"""
    store = lgstore.Store(STUCK)
    if {how!r}.startswith("store.close"):
        threading.Thread(target=lambda: store.put(PLACE, "k", {{}}), daemon=True).start()
        while store.metrics()["in_flight"] == 0:
            time.sleep(0.001)
    print("ready", flush=True)
    try:
        {how}
    except KeyboardInterrupt:
        print("interrupted")
    while {how!r}.startswith("store.put") and store.metrics()["in_flight"]:
        time.sleep(0.001)
    """
    process = start(program)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    # Again and again: the first may come before the call has begun to wait.
    for _ in range(600):
        time.sleep(0.1)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGINT)
        if "interrupted" in process.stdout.readline():
            break
    finish(process)


def test_ctrl_c_in_an_event_loop() -> None:
    program = """
    store = lgstore.Store(STUCK)
    async def main():
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
        await store.aput(PLACE, "k", {})
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("interrupted")
    while store.metrics()["in_flight"]:
        time.sleep(0.001)
    store.close()
    """
    assert finish(start(program)) == "interrupted\n"


def test_a_signals_handler_runs_while_a_call_waits() -> None:
    program = """
    store = lgstore.Store({"backend": "fault", "fault": {"delay_us": 400_000}})
    seen = []
    signal.signal(signal.SIGALRM, lambda *_: seen.append(store.metrics()["in_flight"]))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    store.put(PLACE, "k", {})
    assert seen == [1], seen
    store.close()
    """
    finish(start(program))


def test_another_interpreter_works_or_is_refused() -> None:
    program = """
    import importlib, textwrap
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = importlib.import_module(name)
            break
        except ImportError:
            continue
    code = textwrap.dedent('''
        try:
            import lgstore
        except ImportError as error:
            assert "lgstore can't be loaded in this interpreter" in str(error), error
        else:
            with lgstore.Store("memory:") as store:
                store.put(("a",), "k", {"n": 1})
                assert store.get(("a",), "k").value == {"n": 1}
    ''')
    for _ in range(2):
        made = interpreters.create()
        failed = interpreters.run_string(made, code)
        assert failed is None, failed
        interpreters.destroy(made)
    with lgstore.Store("memory:") as store:
        store.put(PLACE, "k", {})
    """
    finish(start(program))


def test_a_library_that_is_missing_or_foreign() -> None:
    for path, message in (("/nowhere/lib.so", "can't be loaded"), ("libm.so.6", "can't be loaded")):
        ended = subprocess.run(
            [sys.executable, "-c", "import lgstore"],
            env={**os.environ, "LGSTORE_LIBRARY": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 1
        assert "ImportError: the library of lgstore " + message in ended.stderr
