"""The C library: found, loaded, checked. `ffi` and `lib` are cffi's.

The library is the one that the wheel carries, or the one that LGSTORE_LIBRARY names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

try:
    from ._declarations import ffi as _ffi
except ImportError as error:
    raise ImportError(
        "lgstore can't be loaded in this interpreter, because cffi can't: "
        f"{error}. Sub-interpreters with a lock of their own are not supported by it."
    ) from error

ffi: Any = _ffi


def _load() -> tuple[Any, str]:
    path = os.environ.get("LGSTORE_LIBRARY") or str(Path(__file__).parent / "native" / "liblgstore.so.1")
    try:
        loaded = ffi.dlopen(path)
        fits = loaded.lgstore_abi_check(loaded.LGSTORE_ABI_VERSION, loaded.LGSTORE_VERSION_NUMBER)
    except (OSError, AttributeError, ffi.error) as error:
        raise ImportError(f"the library of lgstore can't be loaded: {error}") from error
    if fits != 0:
        found = ffi.string(loaded.lgstore_version()).decode()
        raise ImportError(f"{path} is lgstore {found}, which does not fit this package")
    return loaded, path


lib, LIBRARY = _load()
"""The library, and the path that it was loaded from."""

VERSION: str = ffi.string(lib.lgstore_version()).decode()
"""The version of the library."""

OPS: dict[str, int] = {
    name.removeprefix("LGSTORE_OP_").lower(): getattr(lib, name) for name in dir(lib) if name.startswith("LGSTORE_OP_")
}
"""Operations by name."""

DONE: int = lib.LGSTORE_DONE
IMMEDIATE: int = lib.LGSTORE_ALLOW_IMMEDIATE
MORE_FOLLOWS: int = lib.LGSTORE_MORE_FOLLOWS
BUSY: int = lib.LGSTORE_E_BUSY
CLOSED: int = lib.LGSTORE_E_CLOSED
FORKED: int = lib.LGSTORE_E_FORKED
WOULD_DEADLOCK: int = lib.LGSTORE_E_WOULD_DEADLOCK
