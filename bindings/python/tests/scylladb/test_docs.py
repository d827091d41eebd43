"""docs/scylladb-store.md says what is so."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import lgstore.scylladb
from lgstore.scylladb import AsyncScyllaDBStore, ScyllaDBStoreError
from lgstore.scylladb import errors as errors_module

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "scylladb-store.md").read_text("utf-8")


def test_its_program_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    there = 'contact_points=["node1", "node2"], keyspace="my_keyspace"'
    assert there in program
    code = compile(
        program.replace(there, '"memory:"').replace("await store.aclose()", ""),
        "scylladb-store.md",
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )
    names: dict[str, Any] = {}

    async def run() -> None:
        await eval(code, names)
        store = names["store"]
        item = await store.aget(("users", "profile"), "user_123")
        assert item is not None
        assert item.value == {"name": "Alice"}
        await store.aclose()

    asyncio.run(run())


def test_its_tree_of_errors_is_the_tree() -> None:
    (tree,) = re.findall(r"```\n(ScyllaDBStoreError.*?)```", PAGE, re.DOTALL)
    above: list[str] = []
    shown: dict[str, str | None] = {}
    for line in tree.splitlines():
        name = re.search(r"\w+", line)
        assert name is not None
        depth = name.start() // 4
        del above[depth:]
        shown[name.group()] = above[-1] if above else None
        above.append(name.group())
    classes = {
        name: kind
        for name, kind in vars(errors_module).items()
        if inspect.isclass(kind) and issubclass(kind, ScyllaDBStoreError)
    }
    assert shown == {
        name: None if kind is ScyllaDBStoreError else kind.__bases__[0].__name__ for name, kind in classes.items()
    }
    assert set(classes) <= set(lgstore.scylladb.__all__)


async def test_it_lists_all_metrics() -> None:
    async with AsyncScyllaDBStore("memory:") as store:
        metrics = await store.get_metrics()
    section = PAGE.partition("## Metrics")[2]
    assert [name for name in metrics if f"`{name}`" not in section] == []
