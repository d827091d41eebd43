"""Configurations: with options added, and of the store for vectors beside one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from lgstore import ValidationError, _json

Config = str | Mapping[str, Any]
"""A document, its JSON text, or a URL: docs/configuration.md."""

# A value of this store is all the vectors of one item: 1,536 dimensions are 8 KB each.
_LIMITS = {"value_bytes": 64_000_000, "warn_value_bytes": 64_000_000}


# What a search or listing may read and still be answered without changing threads. A search by time reads its
# namespace whole, and these are namespaces of a user's memories: changing threads costs more than 256 rows.
_IMMEDIATE = "immediate_rows"
_IMMEDIATE_ROWS = 256


def tuned(config: Config) -> Config:
    """A configuration with what suits LangGraph, where it says nothing of it itself."""
    if "LGSTORE_SEARCH_IMMEDIATE_ROWS" in os.environ:
        return config
    if isinstance(config, str) and not config.lstrip().startswith("{"):
        if not config.strip() or _IMMEDIATE in config:
            return config  # nothing but the environment, or said
        return with_options(config, {"search": {_IMMEDIATE: _IMMEDIATE_ROWS}})
    members = _json.loads(config) if isinstance(config, str) else config
    if not isinstance(members, Mapping) or not isinstance(members.get("search", {}), Mapping):
        return config  # which the core refuses with the reason
    return _merged({"search": {_IMMEDIATE: _IMMEDIATE_ROWS}}, members)


def with_options(config: Config, options: Mapping[str, Any]) -> Config:
    """A configuration with more options: members of the document, or of the URL's query by their paths."""
    if not options:
        return config
    if not isinstance(config, str):
        return _merged(config, options)
    if config.lstrip().startswith("{"):
        return _merged(_json.loads(config), options)
    words = [
        f"{path}={quote(value if isinstance(value, str) else _json.dumps(value).decode(), safe='')}"
        for path, value in _paths(options, "")
    ]
    return f"{config}{'&' if '?' in config else '?'}{'&'.join(words)}"


def _merged(config: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(config)
    for name, value in options.items():
        old = merged.get(name)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _paths(options: Mapping[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def beside(config: Config) -> Config:
    """The configuration of the store for the vectors of the one that `config` describes."""
    if not isinstance(config, str) or config.lstrip().startswith("{"):
        members = dict(_json.loads(config) if isinstance(config, str) else config)
        if members.get("keyspace"):
            members["keyspace"] += "_vectors"
        elif members.get("path") not in (None, ":memory:"):
            members["path"] = f"{members['path']}-vectors"
        elif members.get("from_env"):
            raise unknown()
        members["limits"] = {**members.get("limits", {}), **_LIMITS}
        return members
    place, mark, query = config.partition("?")
    scheme = place.partition(":")[0].lower()
    words = query.split("&") if mark else []
    if not place or any(word.split("=")[0] in ("path", "keyspace", "from_env") for word in words):
        raise unknown()
    if scheme in ("scylla", "cassandra", "cql"):
        place += "_vectors"
    elif scheme == "file" and place != "file::memory:":
        place += "-vectors"
    words = [word for word in words if word.partition("=")[0].removeprefix("limits.") not in _LIMITS]
    words += [f"limits.{name}={size}" for name, size in _LIMITS.items()]
    return f"{place}?{'&'.join(words)}"


def unknown() -> ValidationError:
    """The error where vectors have no place."""
    return ValidationError(
        "invalid_arg",
        "where to keep them can't be told from this configuration; give the configuration of a store for them",
        field="vectors",
    )
