"""The programs of README.md run, and the first is short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = re.findall(
    r"^```python\n(.*?)^```", (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8"), re.M | re.S
)


def test_the_programs_of_the_readme() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True, timeout=60
        ).stdout.splitlines()
        for program in PROGRAMS
    ]
    assert outputs[0][0] == "theme {'mode': 'dark', 'size': 14}"
    assert outputs[0][1].startswith("('users', 'ada') theme 20")
    assert outputs[1:] == [["applied"]]
    assert PROGRAMS[0].count("\n") < 20
