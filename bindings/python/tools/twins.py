"""Writes the operations that are there twice, once blocking and once for coroutines: `python tools/twins.py`.

src/lgstore/_awaited/*.py is made of src/lgstore/_blocking/*.py, and src/lgstore/scylladb/_sync.py of store.py there.
So the two can't differ. The files are committed; tests/test_generated.py sees to it that they are up to date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "src" / "lgstore"


def awaited(source: str) -> str:
    """The module of the coroutines for a module of blocking operations."""
    text = re.sub(r'^"""(.*?)"""', r'"""\1 For coroutines: made by tools/twins.py of _blocking."""', source, count=1)
    for name in re.findall(r"    def (\w+)\(", text):
        pattern = rf'(    )def {name}(\(.*?\) -> .*?:\n)        """.*?"""\n'
        text = re.sub(pattern, rf'\1async def a{name}\2        """`{name}`, awaited."""' + "\n", text, flags=re.DOTALL)
        text = re.sub(rf"self\.{name}\(", f"await self.a{name}(", text)
    # What another module of these defines.
    text = re.sub(r"(?<!await )self\.(get)\(", r"await self.a\1(", text)
    text = text.replace("self._call(", "await self._acall(").replace("Iterator", "AsyncIterator")
    return re.sub(r"return await (self\.\w+\((?:[^()]|\([^()]*\))*\))\.(\w+)", r"return (await \1).\2", text)


def blocking(source: str) -> str:
    """The facade's operations that block, for its module of coroutines."""
    text = re.sub(
        r'^""".*?"""',
        '"""The operations that block their thread: made by tools/twins.py of store.py."""',
        source,
        count=1,
    )
    text = text.replace("from ._sync import Blocking\n", "")
    text = re.sub(
        r'class AsyncScyllaDBStore\(.*?\):\n    """.*?"""\n',
        '''class Blocking(Base):
    """Each operation of :class:`AsyncScyllaDBStore` without its ``a``: the same, but the thread waits.

    They may be called from any thread. In a coroutine they hold up its event loop.
    """
''',
        text,
        flags=re.DOTALL,
    )
    text = re.sub(
        r'    async def a(\w+)(\(.*?\) -> .*?:\n)        """.*?"""\n',
        r'''    def \1\2        """:meth:`AsyncScyllaDBStore.a\1`, waiting."""''' + "\n",
        text,
        flags=re.DOTALL,
    )
    return text.replace("await self._acall(", "self._call(")


TWINS: dict[Path, tuple[Path, Callable[[str], str]]] = {
    **{
        PACKAGE / "_awaited" / f"{name}.py": (PACKAGE / "_blocking" / f"{name}.py", awaited)
        for name in ("items", "conditional", "upkeep")
    },
    PACKAGE / "scylladb" / "_sync.py": (PACKAGE / "scylladb" / "store.py", blocking),
}
"""The files that are made: of which they are made, and how."""


def made(target: Path) -> str:
    """The text of a file, as it is to be."""
    source, twin = TWINS[target]
    text = twin(source.read_text("utf-8"))
    for command in (["check", "--fix-only", "--quiet"], ["format"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(target), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=PROJECT,
        ).stdout
    return text


if __name__ == "__main__":
    for target in TWINS:
        target.write_text(made(target), "utf-8")
        print(f"{target} written", file=sys.stderr)
