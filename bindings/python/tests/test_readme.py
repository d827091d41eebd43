"""The programs of README.md run, and the first is short; so does docs/python.md, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve()


def programs(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def printed(program: str) -> list[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()


def test_the_programs_of_the_readme() -> None:
    pieces = programs(HERE.parents[1] / "README.md")
    outputs = [printed(program) for program in pieces]
    assert outputs[0][0] == "theme {'mode': 'dark', 'size': 14}"
    assert outputs[0][1].startswith("('users', 'ada') theme 20")
    assert outputs[1:] == [["applied"], ["[]", "['I like tea']"]]
    assert pieces[0].count("\n") < 20


def test_the_page_of_the_language_is_one_program() -> None:
    program = "\n".join(programs(HERE.parents[3] / "docs" / "python.md"))
    said = re.findall(r"^ *print\(.*\)  # (.*)$", program, re.M)
    assert len(said) == program.count("print(")
    assert printed(program) == said
