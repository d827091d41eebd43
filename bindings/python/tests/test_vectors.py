"""tests/vectors/*.jsonl through this binding, in its raw mode: in memory, on a file, on a cluster."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patterns import Captures, DifferentError, decode

import lgstore
from lgstore import LgstoreError, Store

FOLDER = Path(os.environ.get("LGSTORE_VECTORS") or Path(__file__).resolve().parents[3] / "tests" / "vectors")
LINES = [line for file in sorted(FOLDER.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
ABLE = {"fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"}
BEYOND_A_CLUSTER = {"long_clock", "milliseconds", "sweep", "ttl_20_years"}


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What the second has over the first, objects member by member."""
    whole = dict(first)
    for name, value in second.items():
        mine = whole.get(name)
        whole[name] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return whole


class Backend:
    """Where cases run."""

    def __init__(self, config: dict[str, Any], folder: Path | None = None) -> None:
        self.cluster = config["backend"] == "cql"
        self.done = self.left_out = 0
        self._config, self._folder = config, folder
        self._numbers = itertools.count()
        self._lock, self._fresh = threading.Lock(), threading.Lock()
        self._shared: dict[str, Store] = {}

    def label(self) -> str:
        """A root label that no other run of any case uses."""
        return f"p{int(time.time()):x}p{os.getpid():x}n{next(self._numbers)}"

    def _open(self, config: dict[str, Any], suffix: str) -> Store:
        whole = merged(self._config, config)
        if self._folder:
            whole["path"] = str(self._folder / f"{next(self._numbers)}{suffix}.db")
        if self.cluster:
            whole["keyspace"] += suffix
        store = Store(whole)
        store.open()
        return store

    @contextmanager
    def store(self, config: dict[str, Any], fresh: bool) -> Iterator[Store]:
        """The store that all cases of one configuration share, or an empty one for this case."""
        if not fresh:
            with self._lock:
                key = json.dumps(config)
                if key not in self._shared:
                    self._shared[key] = self._open(config, "")
            yield self._shared[key]
            return
        with self._fresh, self._open(config, "_fresh") as store:
            if self.cluster:  # The keyspace stays between runs, and its items with it.
                store.delete_prefix(())
            yield store

    def close(self) -> None:
        """Closes what is shared."""
        for store in self._shared.values():
            store.close()


def part_of(part: Any, captured: Captures) -> bytes:
    """A piece of a body."""
    if isinstance(part, str):
        return captured.substitute(part.encode())
    if "hex" in part:
        return bytes.fromhex(part["hex"])
    turns = (part["repeat"].replace("${i}", str(part.get("from", 0) + turn)) for turn in range(part["times"]))
    return str(part.get("between", "")).join(turns).encode()


def body_of(step: dict[str, Any], captured: Captures) -> bytes:
    """The bytes of a step's body."""
    if "body" in step:
        return captured.substitute(json.dumps(step["body"], ensure_ascii=False).encode())
    if "text" in step:
        return captured.substitute(step["text"].encode())
    return b"".join(part_of(part, captured) for part in step.get("parts", ()))


def run_step(step: dict[str, Any], store: Store, on: Backend, captured: Captures) -> None:
    """Does one step; raises what is wrong with it."""
    if "check" in step:
        captured.check(*step["check"])
    elif "between" in step:
        first, second = step["between"]
        captured.between(first, second, step["seconds"], step.get("within", 0))
    elif "advance" in step:
        if on.cluster:  # A cluster's clock can't be moved: this time has to pass.
            time.sleep(step["advance"])
        else:
            store.advance(step["advance"])
    else:
        run_operation(step, store, captured)


def run_operation(step: dict[str, Any], store: Store, captured: Captures) -> None:
    """Does an operation and judges its outcome."""
    try:
        answer = store.call(step["op"], body_of(step, captured))
    except LgstoreError as error:
        if "error" not in step:
            raise
        got = {
            "code": error.code,
            "field": error.field or "",
            "retryable": error.retryable,
            "may_have_applied": error.may_have_applied,
            "details": decode(json.dumps(error.details)),
        }
        for name, wanted in decode(json.dumps(step["error"])).items():
            if name == "message":
                if wanted not in error.message:
                    raise DifferentError(f"the message does not say {wanted!r}: {error}") from None
            else:
                captured.match(wanted, got[name], name)
        return
    if "error" in step:
        raise DifferentError(f"expected an error, got {answer[:1000]!r}")
    captured.match(decode(json.dumps(step["expect"])), decode(answer), "answer")
    for text in step.get("contains", ()):
        if text.encode() not in answer:
            raise DifferentError(f"not contained: {text}; the whole: {answer[:1000]!r}")


def run_case(line: str, on: Backend) -> None:
    """Runs a case from its line."""
    case = json.loads(line.replace("${ns}", on.label()))
    assert case["steps"]
    captured = Captures(1.5 if on.cluster else 0)
    with on.store(case.get("config", {}), "fresh" in case.get("needs", ())) as store:
        for step in case["steps"]:
            run_step(step, store, on, captured)


def run_line(line: str, on: Backend) -> str | None:
    """Runs a case; says what is wrong."""
    case = json.loads(line)
    needs = set(case.get("needs", ()))
    if needs - ABLE:
        return f"{case['case']}: unknown needs {needs - ABLE}"
    if on.cluster and needs & BEYOND_A_CLUSTER:
        on.left_out += 1
        return None
    on.done += 1
    # What a case keeps alive has seconds to spare, but a busy machine may take longer: on a cluster what failed
    # runs once more. An answer that is wrong is wrong again.
    for attempt in range(2 if on.cluster and "clock" in needs else 1):
        try:
            run_case(line, on)
            return None
        except (LgstoreError, AssertionError, KeyError) as error:
            wrong = f"{case['case']}: attempt {attempt}: {type(error).__name__} {error}\n    {case['rule']}"
    return wrong


def run_all(on: Backend) -> None:
    """Runs every case, on a cluster those that wait all together."""
    assert LINES, f"no vectors in {FOLDER}"
    sleepers = [line for line in LINES if on.cluster and "clock" in json.loads(line).get("needs", ())]
    others = [line for line in LINES if line not in set(sleepers)]
    with ThreadPoolExecutor(6 if on.cluster else 1) as pool, ThreadPoolExecutor(len(sleepers) or 1) as beds:
        results = list(itertools.chain(beds.map(run_line, sleepers, [on] * len(sleepers)),
                                       pool.map(run_line, others, [on] * len(others))))  # fmt: skip
    on.close()
    print(f"{on.done} cases, {on.left_out} left out by what they need")
    assert on.done
    assert [wrong for wrong in results if wrong] == []


EMBEDDED: dict[str, Any] = {
    "backend": "embedded",
    "test_clock": True,
    "durability": "normal",
    "ttl": {"refresh_slack": 0, "sweep_interval": None},
}


def test_memory() -> None:
    run_all(Backend(EMBEDDED))


def test_file(tmp_path: Path) -> None:
    run_all(Backend(EMBEDDED, tmp_path))


@pytest.mark.skipif("LGSTORE_TEST_KEYSPACE" not in os.environ, reason="cql.python.vectors brings a cluster")
def test_cluster() -> None:
    config = {
        "backend": "cql",
        "contact_points": os.environ["LGSTORE_TEST_CONTACT_POINTS"].split(","),
        "keyspace": os.environ["LGSTORE_TEST_KEYSPACE"],
        "ttl": {"refresh_slack": 0},
        # A busy machine is slow, not broken; and asking twice would not make it faster.
        "request_timeout": 30,
        "speculative": {"max": 0},
        "connect": {"deadline": 60},
    }
    run_all(Backend(config))


def test_a_runner_that_finds_nothing_wrong_would_be_found() -> None:
    for pattern, answer in (
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1, "b": 1}, {"a": 1}),
        ([1], [1, 2]),
        ("$time", "2026-01-31T09:30:00Z"),
        ("$version", "x"),
        ("$cursor", ""),
        (None, False),
        ("1", 1),
    ):
        with pytest.raises(DifferentError):
            Captures(0).match(decode(json.dumps(pattern)), decode(json.dumps(answer)), "answer")
    assert lgstore.LIBRARY
