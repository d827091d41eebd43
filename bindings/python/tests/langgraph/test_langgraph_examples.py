"""The examples run, and print what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("langgraph.graph")

EXAMPLES = Path(__file__).resolve().parents[4] / "examples" / "python"


def run(name: str, url: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), url],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_quickstart(tmp_path: Path) -> None:
    url = f"file:{tmp_path}/memory.db"
    assert run("quickstart.py", url) == ["['I have a cat', 'I like tea']"]
    # Another process remembers, too.
    assert run("quickstart.py", url) == ["['I have a cat', 'I like tea', 'Who am I?', 'I have a cat', 'I like tea']"]


def test_remembering_agent(tmp_path: Path) -> None:
    wanted = [
        "ada, monday: My cat is called Byron. -> I will remember that.",
        "ada, monday: I drink my tea with milk. -> I will remember that.",
        "ada, tuesday: What is my cat called? -> You told me: My cat is called Byron.",
        "ada, tuesday: How do I drink my tea? -> You told me: I drink my tea with milk.",
        "charles, tuesday: What is my cat called? -> You told me: nothing",
    ]
    assert run("remembering_agent.py", f"file:{tmp_path}/memory.db") == wanted


def test_copy_store(tmp_path: Path) -> None:
    wanted = [
        "100 of 250",
        "200 of 250",
        "250 of 250",
        "250 items in 5 namespaces",
        "written last: memory number 249",
    ]
    assert run("copy_store.py", f"file:{tmp_path}/memory.db") == wanted
