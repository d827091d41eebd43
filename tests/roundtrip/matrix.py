"""Plays every part of README.md between every two programs: matrix.py NAME=PROGRAM...

On a file under LGSTORE_WORK_DIR, or on the cluster of LGSTORE_TEST_CONTACT_POINTS where LGSTORE_TEST_KEYSPACE names a
keyspace. Ends with 1 at the first answer that is wrong.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CLUSTER = os.environ.get("LGSTORE_TEST_KEYSPACE")
# Their values are the language's, and are spelled anew.
PARSED = ("langgraph",)
# Its times are Dates.
MILLISECONDS = ("node",)

# One value in three spellings, and one that only differs beyond what a double can tell.
VALUE = '{"big":12345678901234567890,"n":2,"list":[1,{"a":null}]}'
SAME = '{"n": 2.0, "list": [1, {"a": null}], "big": 12345678901234567890}'
EQUAL = '{"list":[1.0,{"a":null}],"big":12345678901234567890,"n":2e0}'
OTHER = '{"big":12345678901234567891,"n":2,"list":[1,{"a":null}]}'


class WrongError(Exception):
    """Something was answered that should not have been."""


class Program:
    """A program of a language, which runs until its input ends."""

    def __init__(self, name: str, path: str, config: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [path, config, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def ask(self, op: str, **members: Any) -> Any:
        """The answer to an operation. For several threads; each has its turn."""
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps({"op": op, **members}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise WrongError(f"{self.name} has ended at {op} {members}"[:500])
        return json.loads(line)

    def end(self) -> None:
        """Closes its store."""
        self._process.communicate()
        if self._process.returncode:
            raise WrongError(f"{self.name} ends with {self._process.returncode}")

    def __str__(self) -> str:
        return self.name


def same(what: str, got: Any, wanted: Any) -> None:
    """Raises if both differ."""
    if got != wanted:
        raise WrongError(f"{what}: {got!r:.500}, not {wanted!r:.500}")


def same_item(what: str, got: Any, wanted: Any, *, exactly: bool = False, slack: float = 0) -> None:
    """Raises if two answers do not show the same item.

    exactly: with its value byte for byte. slack: by how many seconds its expiry may differ.
    """
    if got is None or wanted is None:
        same(what, got, wanted)
        return
    for member in ("namespace", "key", "version"):
        same(f"{what}: {member}", got[member], wanted[member])
    if exactly:
        same(f"{what}: value", got["value"], wanted["value"])
    same(f"{what}: value", *(json.loads(one["value"], parse_int=float) for one in (got, wanted)))
    for member in ("created_at", "updated_at", "expires_at"):
        first, second = got.get(member), wanted.get(member)
        allowed = slack * 1e6 if member == "expires_at" else 0
        if (first is None) != (second is None) or abs((first or 0) - (second or 0)) > allowed:
            raise WrongError(f"{what}: {member}: {first}, not {second}")


def shown(item: Any, by: Program) -> Any:
    """What a program can tell of an item."""
    if item is None or by.name not in MILLISECONDS:
        return item
    times = {name: item[name] // 1000 * 1000 for name in ("created_at", "updated_at", "expires_at") if item.get(name)}
    return {**item, **times}


def applied(outcome: Any, by: Program) -> str:
    """The version that a write gave the item; raises if the write was not done."""
    if outcome["applied"] is not True:
        raise WrongError(f"{by} was refused: {outcome}")
    return outcome.get("version") or ""


def refused(outcome: Any, by: Program, wanted: Any) -> None:
    """Raises if a write was done, or does not show the item that stood against it."""
    same(f"{by} was to be refused", outcome["applied"], False)
    same_item(f"{by} was refused with", outcome["current"], shown(wanted, by))


class Matrix:
    """The parts. `namespace` is one that no other run uses."""

    def __init__(self, programs: list[Program], namespace: list[str], cases: list[dict[str, str]]) -> None:
        self.programs = programs
        self.namespace = namespace
        self.cases = cases
        # Knows every time to the microsecond.
        self.witness = next(one for one in programs if one.name not in MILLISECONDS + PARSED)

    def values(self, writer: Program) -> None:
        """What one puts, every other gets byte for byte."""
        place = [*self.namespace, "values", writer.name]
        for case in self.cases:
            writer.ask("put", namespace=place, **case)
            truth = self.witness.ask("get", namespace=place, key=case["key"])
            if writer.name not in PARSED:
                same(f"{writer}: {case['key']}", truth["value"], case["value"])
            for reader in self.programs:
                got = reader.ask("get", namespace=place, key=case["key"])
                same_item(f"{reader} gets {writer}'s", got, shown(truth, reader), exactly=reader.name not in PARSED)

    def expiries(self, writer: Program) -> None:
        """An item's expiry is the same to everyone."""
        place = [*self.namespace, "expiries"]
        before = time.time()
        writer.ask("put", namespace=place, key=f"{writer}-short", value=VALUE, ttl=1)
        writer.ask("put", namespace=place, key=f"{writer}-long", value=VALUE, ttl=900)
        truth = self.witness.ask("get", namespace=place, key=f"{writer}-long")
        # A cluster tells how many whole seconds are left, and the answer takes its time.
        slack = 1 + time.time() - before if CLUSTER else 0
        expiry = (truth.get("expires_at") or 0) / 1e6
        if not before + 900 - slack <= expiry <= time.time() + 900 + slack:
            raise WrongError(f"{writer}'s item of 900 s, put at {before}, expires at {expiry}")
        for reader in self.programs:
            got = reader.ask("get", namespace=place, key=f"{writer}-long")
            slack = 1 + time.time() - before if CLUSTER else 0
            same_item(f"{reader} gets {writer}'s", got, shown(truth, reader), slack=slack)

    def expired(self, reader: Program) -> None:
        """What has expired is gone for everyone, and what has not is there."""
        left = reader.ask("search", namespace=[*self.namespace, "expiries"], order="key", limit=100)
        keys = sorted(f"{writer}-long" for writer in self.programs)
        same(f"{reader} finds beside the expired", [item["key"] for item in left["items"]], keys)

    def versions(self, a: Program, b: Program) -> None:
        """A version that one language got is good for another, until the item has changed."""
        place = {"namespace": [*self.namespace, "versions"], "key": f"{a}-{b}"}
        first = applied(a.ask("put_if_absent", **place, value=VALUE), a)
        item = self.witness.ask("get", **place)
        same("the version of put_if_absent", item["version"], first)
        got = b.ask("get", **place)
        same_item(f"{b} gets {a}'s", got, shown(item, b))
        refused(b.ask("put_if_absent", **place, value="{}"), b, item)
        second = applied(b.ask("compare_and_set", **place, value=SAME, expected_version=first), b)
        item = self.witness.ask("get", **place)
        same("the version of compare_and_set", item["version"], second)
        refused(a.ask("compare_and_set", **place, value="{}", expected_version=first), a, item)
        refused(a.ask("delete_if_value", **place, expected_version=first), a, item)
        applied(a.ask("delete_if_value", **place, expected_version=second), a)
        refused(b.ask("compare_and_set", **place, value="{}", expected_version=second), b, None)

    def conditions(self, a: Program, b: Program) -> None:
        """Values are compared as exact decimals, whoever wrote them; what exists does so for everyone."""
        place = {"namespace": [*self.namespace, "conditions"], "key": f"{a}-{b}"}
        refused(b.ask("update_if_exists", **place, value=VALUE), b, None)
        a.ask("put", **place, value=VALUE)
        item = self.witness.ask("get", **place)
        refused(b.ask("compare_and_set", **place, value="{}", expected_value=OTHER), b, item)
        applied(b.ask("compare_and_set", **place, value=SAME, expected_value=EQUAL), b)
        applied(a.ask("update_if_exists", **place, value=EQUAL), a)
        item = self.witness.ask("get", **place)
        refused(b.ask("delete_if_value", **place, expected_value=OTHER), b, item)
        applied(b.ask("delete_if_value", **place, expected_value=VALUE), b)
        refused(a.ask("delete_if_exists", **place), a, None)
        applied(a.ask("put_if_absent", **place, value="{}"), a)
        applied(b.ask("delete_if_exists", **place), b)
        same(f"{a} gets what {b} has deleted", a.ask("get", **place), None)

    def cursors(self, a: Program, b: Program) -> None:
        """A search or listing that one has begun, the other ends: nothing twice, nothing left out."""
        place = [*self.namespace, "cursors"]
        query = {"namespace": place, "order": "key", "filter": '{"n": {"$gte": 1, "$lt": 7}}'}
        page = a.ask("search", **query, limit=2)
        rest = b.ask("search", **query, limit=10, cursor=page["cursor"])
        same(f"{b} has a cursor after the last page", rest.get("cursor"), None)
        same(f"{a} and {b} find", [item["key"] for item in page["items"]], ["1", "2"])
        same(f"{a} and {b} find", [item["key"] for item in rest["items"]], ["3", "4", "5", "6"])
        listed = a.ask("list_namespaces", namespace=place, limit=3)
        others = b.ask("list_namespaces", namespace=place, limit=10, cursor=listed["cursor"])
        same(f"{b} has a cursor after the last page", others.get("cursor"), None)
        same(f"{a} and {b} list", listed["namespaces"], [[*place, str(n)] for n in range(3)])
        same(f"{a} and {b} list", others["namespaces"], [[*place, str(n)] for n in range(3, 8)])

    def pair(self, a: Program, b: Program) -> None:
        """What needs two."""
        for part in (self.versions, self.conditions, self.cursors):
            try:
                part(a, b)
            except WrongError as wrong:
                raise WrongError(f"{part.__name__} of {a} and {b}: {wrong}") from None

    def run(self) -> None:
        """All parts."""
        for n, writer in zip(range(8), itertools.cycle(self.programs), strict=False):
            place = [*self.namespace, "cursors", str(n)]
            writer.ask("put", namespace=place, key=str(n), value=json.dumps({"n": n}))
        with ThreadPoolExecutor(len(self.programs)) as pool:
            list(pool.map(self.expiries, self.programs))
            gone = time.monotonic() + (2 if CLUSTER else 1) + 0.1
            list(pool.map(self.values, self.programs))
            list(pool.map(self.pair, *zip(*itertools.product(self.programs, repeat=2), strict=True)))
            time.sleep(max(0.0, gone - time.monotonic()))
            list(pool.map(self.expired, self.programs))


def config() -> dict[str, Any]:
    """Where the items lie."""
    if CLUSTER:
        return {
            "backend": "cql",
            "contact_points": os.environ["LGSTORE_TEST_CONTACT_POINTS"].split(","),
            "keyspace": CLUSTER,
            # A created_at that another process made is to be seen at once.
            "created_at_cache": 0,
            # A busy machine is slow, not broken; and asking twice would not make it faster.
            "request_timeout": 30,
            "speculative": {"max": 0},
            "connect": {"deadline": 60},
        }
    folder = Path(os.environ["LGSTORE_WORK_DIR"]) / "roundtrip"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"backend": "embedded", "path": str(folder / "store.db"), "durability": "normal"}


def all_cases() -> list[dict[str, str]]:
    """Those of the file, a value of 1,000,000 bytes, and one 128 levels deep."""
    lines = (Path(__file__).parent / "cases.jsonl").read_text("utf-8").splitlines()
    large = {"key": "1 MB", "value": json.dumps({"text": "x" * 999_989}, separators=(",", ":"))}
    deep = {"key": "deep", "value": '{"a":' + "[" * 127 + "]" * 127 + "}"}
    return [*map(json.loads, lines), large, deep]


def main(*programs: str) -> int:
    """0 = every answer is right."""
    began = time.monotonic()
    text = json.dumps(config())
    running = [Program(name, path, text) for name, path in (one.split("=", 1) for one in programs)]
    # A cluster keeps what earlier runs have written.
    namespace = ["roundtrip", f"{time.time_ns():x}"]
    cases = all_cases()
    try:
        Matrix(running, namespace, cases).run()
        for program in running:
            program.end()
    except WrongError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"{len(cases)} values and {len(running) ** 2} pairs in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
