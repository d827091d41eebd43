"""Writes src/lgstore/_declarations.py, what cffi knows of include/lgstore.h: `python tools/declare.py`.

The file is committed, so that importing lgstore parses no C. tests/test_declarations.py sees to it that it
is what the header says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import cffi

PYTHON = Path(__file__).resolve().parents[1]
HEADER = PYTHON.parents[1] / "include" / "lgstore.h"
TARGET = PYTHON / "src" / "lgstore" / "_declarations.py"


def declarations(header: str) -> str:
    """The header as cffi reads it: no comments, no preprocessor but numbers, no C++."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", "", text).replace("\\\n", " ")
    text = re.sub(r"#ifdef __cplusplus\n(.*?)#(?:endif|else)", "", text, flags=re.DOTALL)
    kept = (
        line
        for line in text.splitlines()
        if line.strip()
        and not line.startswith("LGSTORE_ASSERT_SIZE")
        and (not line.lstrip().startswith("#") or re.match(r"#define LGSTORE_\w+ -?\d+$", line))
    )
    return "\n".join(kept) + "\n"


def write(target: Path) -> None:
    """Generates the module into `target`."""
    ffi = cffi.FFI()
    ffi.cdef(declarations(HEADER.read_text("utf-8")))
    ffi.set_source("lgstore._declarations", None)
    ffi.emit_python_code(str(target))


if __name__ == "__main__":
    write(TARGET)
    print(f"{TARGET} written", file=sys.stderr)
