"""Writes src/lgstore/_awaited.py, the operations for coroutines, from _blocking.py: `python tools/twins.py`.

So the two can't differ. The file is committed; tests/test_generated.py sees to it that it is up to date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "lgstore" / "_blocking.py"
TARGET = SOURCE.with_name("_awaited.py")

DOCUMENT = '''"""The operations of a store, for coroutines. Made by tools/twins.py; change _blocking.py."""'''
CLASS = '''class Awaited(Handle):
    """The base of :class:`lgstore.Store` with its operations for coroutines.

    They are those without the a, awaited, on any event loop. Cancelling an await cancels the operation where it
    runs; whether a write that was cancelled has taken effect is not known then.
    """
'''


def awaited(source: str) -> str:
    """The module of the coroutines."""
    text = re.sub(r'^""".*?"""', DOCUMENT, source, count=1, flags=re.DOTALL)
    text = re.sub(r'PAGE_SIZE = 100\n""".*?"""\n', "", text, flags=re.DOTALL)
    text = text.replace("from ._handle import", "from ._blocking import PAGE_SIZE\nfrom ._handle import")
    text = re.sub(r"class Blocking.*?\"\"\".*?\"\"\"\n", CLASS, text, count=1, flags=re.DOTALL)
    names = re.findall(r"    def (\w+)\(", text)
    for name in names:
        pattern = rf"(    )def {name}(\(.*?\) -> .*?:\n)        \"\"\".*?\"\"\"\n"
        text = re.sub(pattern, rf'\1async def a{name}\2        """`{name}`, awaited."""' + "\n", text, flags=re.DOTALL)
        text = re.sub(rf"self\.{name}\(", f"await self.a{name}(", text)
    text = text.replace("self._call(", "await self._acall(").replace("Iterator", "AsyncIterator")
    text = re.sub(r"return await (self\.\w+\((?:[^()]|\([^()]*\))*\))\.(\w+)", r"return (await \1).\2", text)
    for command in (["check", "--fix-only", "--quiet"], ["format"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=SOURCE.parents[2],
        ).stdout
    return text


if __name__ == "__main__":
    TARGET.write_text(awaited(SOURCE.read_text("utf-8")), "utf-8")
    print(f"{TARGET} written", file=sys.stderr)
