"""No snippet of the guide is forgotten."""

from __future__ import annotations

import importlib
import pathlib

from .guide import SNIPPETS


def test_each_snippet_of_the_guide_is_run_by_exactly_one_test() -> None:
    runs: dict[int, list[str]] = {}
    for file in sorted(pathlib.Path(__file__).parent.glob("test_guide_*.py")):
        for name, test in vars(importlib.import_module(f"{__package__}.{file.stem}")).items():
            for number in getattr(test, "snippets", ()):
                runs.setdefault(number, []).append(f"{file.stem}.{name}")
    assert sorted(runs) == sorted(SNIPPETS)
    assert {number: tests for number, tests in runs.items() if len(tests) > 1} == {}
