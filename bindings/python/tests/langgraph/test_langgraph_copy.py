"""The tool that copies other stores into this one."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from langgraph.store.base import BaseStore, GetOp
from langgraph.store.memory import InMemoryStore

from lgstore.langgraph import LGStore, copy
from lgstore.langgraph.copy import Progress, copy_store


def fill(source: BaseStore) -> None:
    for n in range(250):
        source.put(("users", f"u{n % 7}"), f"k{n}", {"n": n, "nested": {"list": [1, 2.5, None]}})
    source.put(("users",), "above", {})
    source.put(("other",), "elsewhere", {"text": "ünï"})


def contents(store: BaseStore, prefix: tuple[str, ...] = ()) -> dict[Any, Any]:
    return {(one.namespace, one.key): one.value for one in store.search(prefix, limit=10_000)}


def test_everything_comes_over(anywhere: LGStore, root: str) -> None:
    source = InMemoryStore()
    for n in range(250):
        source.put((root, f"u{n % 7}"), f"k{n}", {"n": n})
    source.put((root,), "above", {})
    source.put(("not copied",), "k", {})
    seen: list[Progress] = []
    assert copy_store(source, anywhere, prefix=(root,), batch_size=100, progress=seen.append) == 251
    assert contents(anywhere, (root,)) == contents(source, (root,))
    assert seen == [Progress(100, 251), Progress(200, 251), Progress(251, 251)]


def test_the_last_written_is_still_the_first_found(store: LGStore) -> None:
    source = InMemoryStore()
    for key in "cabfed":
        source.put(("a",), key, {})
    source.put(("b",), "between", {})
    source.put(("a",), "last", {})
    copy_store(source, store, batch_size=3)
    found = [one.key for one in store.search((), limit=100)]
    assert found == ["last", "between", *reversed("cabfed")]


def test_copying_again_is_safe(store: LGStore) -> None:
    source = InMemoryStore()
    fill(source)
    copy_store(source, store)
    source.put(("users", "u1"), "k1", {"n": "changed"})
    source.put(("users", "u1"), "new", {})
    assert copy_store(source, store) == 253
    assert contents(store) == contents(source)


def test_an_empty_store(store: LGStore) -> None:
    assert copy_store(InMemoryStore(), store) == 0


def test_from_one_of_ours_with_expiries(store: LGStore) -> None:
    with LGStore.from_conn_string("memory:") as source:
        source.put(("a",), "short", {"n": 1}, ttl=5)
        source.put(("a",), "for ever", {"n": 2})
        assert copy_store(source, store) == 2
        item = store.get_versioned(("a",), "short", refresh_ttl=False)
        assert 4.9 < (item.expires_at - item.updated_at).total_seconds() / 60 < 5.1
        assert store.get_versioned(("a",), "for ever").expires_at is None


@pytest.mark.filterwarnings("ignore:The default datetime adapter:DeprecationWarning")  # theirs
def test_from_sqlite_with_expiries(store: LGStore, tmp_path: Path) -> None:
    sqlite = pytest.importorskip("langgraph.store.sqlite", reason="langgraph-checkpoint-sqlite is not installed")
    with sqlite.SqliteStore.from_conn_string(str(tmp_path / "theirs.db")) as source:
        source.setup()
        fill(source)
        source.put(("a",), "short", {"n": 1}, ttl=5)
        source.put(("a",), "gone", {"n": 2}, ttl=0.00001)
        source.conn.execute("UPDATE store SET expires_at = DATETIME('now', '-1 minute') WHERE key = 'gone'")
        assert copy_store(source, store) == 253
        expected = contents(source)
        del expected[("a",), "gone"]
        assert contents(store) == expected
        item = store.get_versioned(("a",), "short", refresh_ttl=False)
        assert 4.5 < (item.expires_at - item.updated_at).total_seconds() / 60 < 5.1


def test_what_expires_while_it_is_read_is_not_copied(store: LGStore, tmp_path: Path) -> None:
    sqlite = pytest.importorskip("langgraph.store.sqlite", reason="langgraph-checkpoint-sqlite is not installed")

    class Swept(sqlite.SqliteStore):  # type: ignore[misc]
        """Its item goes right behind each read of single items."""

        def batch(self, ops: Any) -> Any:
            ops = list(ops)
            found = super().batch(ops)
            if isinstance(ops[0], GetOp):
                self.conn.execute("DELETE FROM store")
            return found

    with Swept.from_conn_string(str(tmp_path / "theirs.db")) as source:
        source.setup()
        source.put(("a",), "k", {"n": 1}, ttl=5)
        copy_store(source, store)
        assert store.get(("a",), "k") is None


def test_the_command(tmp_path: Path) -> None:
    ours, copied = f"file:{tmp_path}/ours.db?durability=normal", f"file:{tmp_path}/copied.db?durability=normal"
    with LGStore.from_conn_string(ours) as source:
        fill(source)
        expected = contents(source, ("users",))
    missing = f"file:{tmp_path}/no/such/folder.db"
    failed = subprocess.run(
        [sys.executable, "-m", "lgstore.langgraph.copy", missing, copied],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert failed.returncode == 1
    assert "no/such/folder.db" in failed.stderr
    assert "Traceback" not in failed.stderr
    ran = subprocess.run(
        [sys.executable, "-m", "lgstore.langgraph.copy", ours, copied, "--prefix", "users"],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout == "251 items copied\n"
    assert ran.stderr.endswith("251 of 251\n")
    with LGStore.from_conn_string(copied) as target:
        assert contents(target) == expected


class Clock:
    """The test clocks of two stores and the copy's own, put forward together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *stores: LGStore) -> None:
        self.ahead, self.stores = timedelta(), stores
        monkeypatch.setattr(copy, "_now", lambda: datetime.now(timezone.utc) + self.ahead)

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        for store in self.stores:
            store.native.advance(seconds)


def expiries(store: LGStore) -> dict[str, datetime | None]:
    return {one.key: one.expires_at for one in store.iter_search()}


def test_items_live_no_longer_for_being_copied_late(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"test_clock": True, "ttl": {"refresh_slack": 0}}
    with LGStore(options) as source, LGStore(options) as target:
        clock = Clock(monkeypatch, source, target)
        for number in range(4):
            source.put(("a",), str(number), {}, ttl=5)
        ends = expiries(source)
        seen = []

        def step(progress: Progress) -> None:
            seen.append({key: end for key, end in expiries(target).items() if key == str(progress.done - 1)})
            clock.advance(120)  # the last expires before it is its turn

        assert copy_store(source, target, batch_size=1, progress=step) == 3
        assert [list(one) for one in seen] == [["0"], ["1"], ["2"], []]
        for one in seen:
            for key, end in one.items():
                assert abs(end - ends[key]) < timedelta(seconds=30), key


def test_expiries_are_those_of_the_values_that_are_copied(store: LGStore) -> None:
    with LGStore("memory:") as source:
        for number in range(4):
            source.put(("a",), str(number), {}, ttl=5)

        def change(progress: Progress) -> None:
            if progress.done == 1:
                source.put(("a",), "1", {"again": True}, ttl=600)
                source.put(("a",), "2", {"again": True})
                source.put(("a",), "3", {"again": True}, ttl=1)

        copy_store(source, store, batch_size=1, progress=change)
        assert store.get(("a",), "1").value == {"again": True}
        ends = expiries(source)
        for key, end in expiries(store).items():
            assert (end is None) == (ends[key] is None), key
            assert end is None or abs(end - ends[key]) < timedelta(seconds=30), key


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "5"])
def test_batch_sizes_that_make_no_sense_are_refused(store: LGStore, size: Any) -> None:
    with pytest.raises(ValueError, match="batch_size"):
        copy_store(InMemoryStore(), store, batch_size=size)


def test_wrong_arguments_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for size in ("0", "-1", "x"):
        with pytest.raises(SystemExit) as ended:
            copy.main(["memory:", "memory:", "--batch-size", size])
        assert ended.value.code == 2
        assert "--batch-size" in capsys.readouterr().err
    for source, prefix, text in (
        ("nonsense", "a", "neither a JSON object nor a URL"),
        ("memory:", "a..b", "InvalidNamespaceError"),
        ("memory:", "", "InvalidNamespaceError"),
        (f"sqlite:{tmp_path}/no/such/folder.db", "a", "Error"),
    ):
        assert copy.main([source, "memory:", "--prefix", prefix]) == 1
        written = capsys.readouterr()
        assert text in written.err
        assert written.out == ""


def test_a_command_that_fails_on_the_way_says_how_far_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"file:{tmp_path}/ours.db?durability=normal"
    with LGStore.from_conn_string(place) as source:
        source.put(("a",), "k", {})
        source.native.put(("langgraph",), "theirs", {})
    assert copy.main([place, "memory:", "--batch-size", "1"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2].endswith("1 of 2")
    assert lines[-1].startswith("InvalidNamespaceError: ")
