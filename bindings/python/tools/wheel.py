"""Puts the C library into the wheel, which is for every Python from 3.10 on this kind of machine.

The build backend calls it: `LGSTORE_LIBRARY=<the shared library> pip wheel --no-deps bindings/python`.
"""

from __future__ import annotations

import os
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def platform_tag() -> str:
    """The tag of this machine: with glibc, of machines whose glibc is not older."""
    name = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    libc = (os.confstr("CS_GNU_LIBC_VERSION") or "").split() if name.startswith("linux_") else []
    if libc[:1] != ["glibc"]:
        return name
    major, minor = libc[1].split(".")[:2]
    return name.replace("linux", f"manylinux_{major}_{minor}", 1)


class LibraryHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the library and says what the wheel is for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is written."""
        if version == "editable":
            return
        library = os.environ.get("LGSTORE_LIBRARY", "")
        if not os.path.isfile(library):
            raise RuntimeError("set LGSTORE_LIBRARY to the shared library that the wheel shall carry")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag()}"
        build_data["force_include"][os.path.realpath(library)] = "lgstore/native/liblgstore.so.1"
        for name in ("LICENSE-APACHE", "LICENSE-MIT"):
            build_data["force_include"][os.path.join(self.root, "..", "..", name)] = f"lgstore/{name}"
