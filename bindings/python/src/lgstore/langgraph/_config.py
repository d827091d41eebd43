"""The configurations of a store for LangGraph, and of the store for vectors beside one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lgstore import ValidationError
from lgstore._config import Config, combined, document, is_document, joined, merged, split

# Where a configuration says nothing else.
_DEFAULTS: dict[tuple[str, str], Any] = {
    # What a search or listing may read and still be answered without changing threads. A search by time reads its
    # namespace whole, and these are namespaces of a user's memories: changing threads costs more than 256 rows.
    ("search", "immediate_rows"): 256,
    # As LangGraph has it.
    ("ttl", "refresh_on_read"): True,
}

# The vectors' store has limits of its own, whatever those of the items' are, which has checked the place of every
# item: a namespace may be what any store allows, a key is a version, and a value is all the vectors of one item
# (1,536 dimensions are 8 KB each). They are all said, so that the environment does not say them.
_LIMITS = {
    "inflight_bytes": 268_435_456,
    "key_bytes": 1024,
    "label_chars": 4096,
    "namespace_labels": 64,
    "search_limit": 100_000,
    "value_bytes": 64_000_000,
    "value_depth": 128,
    "warn_batch_operations": 1_000_000,
    "warn_value_bytes": 64_000_000,
}


def tuned(config: Config) -> Config:
    """A configuration with what suits LangGraph, where neither it nor the environment that it takes says it."""
    said = [config]
    from_env = _said(config, "from_env") in (True, "true")
    if from_env:
        said += [os.environ[name] for name in ("LGSTORE_CONFIG", "LGSTORE_URL") if os.environ.get(name)]
    for (part, name), value in _DEFAULTS.items():
        in_env = from_env and os.environ.get(f"LGSTORE_{part}_{name}".upper())
        if not in_env and not any(_said(one, part, name) is not None for one in said):
            config = merged(config, {part: {name: value}})
    return config


def _said(config: Config, *path: str) -> Any:
    """What a configuration has at this path, in a URL its text; None where it has nothing."""
    if isinstance(config, str) and not is_document(config):
        return dict(split(config)[1]).get(".".join(path))
    found: Any = document(config)
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def beside(config: Config) -> Config:
    """The configuration of the store for the vectors of the one that `config` describes.

    Raises:
        ValidationError: It does not tell where the items are.
    """
    if not isinstance(config, str) or is_document(config):
        members = dict(document(config))
        if members.get("keyspace"):
            members["keyspace"] += "_vectors"
        elif members.get("path") not in (None, ":memory:"):
            members["path"] = f"{members['path']}-vectors"
        elif members.get("from_env") or members.get("contact_points"):
            raise unknown()
        members.pop("limits", None)
        return combined(members, {"limits": _LIMITS})
    place, fields = split(config)
    if any(name in ("path", "keyspace") or (name, text) == ("from_env", "true") for name, text in fields):
        raise unknown()
    scheme = place.partition(":")[0].lower()
    if scheme in ("scylla", "cassandra", "cql"):
        if not place.partition("://")[2].partition("/")[2].strip("/") or place.endswith("/"):
            raise unknown()  # no keyspace
        place += "_vectors"
    elif scheme == "file" and place != "file::memory:":
        place += "-vectors"
    own = [field for field in fields if not field[0].startswith("limits.")]
    return merged(joined(place, own), {"limits": _LIMITS})


def unknown() -> ValidationError:
    """The error where vectors have no place."""
    return ValidationError(
        "invalid_arg",
        "where to keep them can't be told from this configuration; give the configuration of a store for them",
        field="vectors",
    )
