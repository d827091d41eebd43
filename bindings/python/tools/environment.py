"""Makes what the tests run in: `python tools/environment.py <folder>`, with LGSTORE_LIBRARY set.

Builds the wheel into <folder>/dist, makes a virtual environment in <folder>/venv, and installs the wheel and the
tools of the dependency group `dev` there. Needs Python and pip, and the package index. What is there already is
used again, so the second time takes seconds.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# The oldest pip that knows dependency groups.
PIP = "pip>=25.1"


def main(folder: Path) -> None:
    """Does all of it."""
    venv, dist = folder / "venv", folder / "dist"
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)

    def pip(*arguments: str) -> None:
        command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, cwd=PROJECT)

    pip("install", PIP)
    shutil.rmtree(dist, ignore_errors=True)
    pip("wheel", "--no-deps", "--wheel-dir", str(dist), ".")
    [wheel] = dist.glob("*.whl")
    pip("install", "--group", "dev")
    pip("install", str(wheel))
    # The version may be the one of before; its content is not.
    pip("install", "--no-deps", "--force-reinstall", str(wheel))
    print(wheel)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
