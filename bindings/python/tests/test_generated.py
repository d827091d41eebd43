"""The files that tools/ makes are what it makes now."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import lgstore

PYTHON = Path(__file__).resolve().parents[1]


def tool(name: str) -> ModuleType:
    """One of tools/*.py."""
    spec = importlib.util.spec_from_file_location(name, PYTHON / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_declarations_are_the_headers(tmp_path: Path) -> None:
    declare = tool("declare")
    declare.write(tmp_path / "made.py")
    assert declare.TARGET.read_text("utf-8") == (tmp_path / "made.py").read_text("utf-8"), "run tools/declare.py"


def test_every_function_of_the_header_is_declared() -> None:
    text = tool("declare").declarations(tool("declare").HEADER.read_text("utf-8"))
    header = (PYTHON.parents[1] / "abi" / "exported_symbols.txt").read_text("utf-8").split()
    names = [name.lstrip("_") for name in header if "lgstore_" in name]
    assert len(names) > 30
    assert [name for name in names if f"{name}(" not in text] == []
    assert "#if" not in text
    assert "extern" not in text


def test_the_operations_that_are_there_twice_do_the_same() -> None:
    twins = tool("twins")
    for target in twins.TWINS:
        assert target.read_text("utf-8") == twins.made(target), f"{target}: run tools/twins.py"


@pytest.mark.parametrize("name", ["get", "put", "search", "batch", "iter_search", "update"])
def test_every_operation_is_there_twice(name: str) -> None:
    blocking, awaited = getattr(lgstore.Store, name), getattr(lgstore.Store, "a" + name)
    assert list(inspect.signature(blocking).parameters) == list(inspect.signature(awaited).parameters)
    assert inspect.iscoroutinefunction(awaited) or inspect.isasyncgenfunction(awaited)


def test_package_and_library_have_one_version() -> None:
    project = (PYTHON / "pyproject.toml").read_text("utf-8")
    assert re.findall(r'^version = "(.*)"', project, re.M) == [lgstore.__version__]
