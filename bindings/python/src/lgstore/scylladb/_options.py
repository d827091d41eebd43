"""The configuration of a store, put together from the arguments of its constructor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from .errors import StoreConfigurationError
from .ops import ExecutionProfile, TTLConfig

Config = Mapping[str, Any] | str
"""What ``docs/configuration.md`` describes: a document, its text, or a URL."""


def assembled(
    config: Config | None,
    contact_points: Sequence[str] | str | None,
    keyspace: str | None,
    ttl: TTLConfig | None,
    execution_profiles: Mapping[str, ExecutionProfile] | None,
    options: Mapping[str, Any],
) -> Config:
    """One configuration out of all that the constructor takes.

    Raises StoreConfigurationError: the arguments contradict each other, or a text is no JSON.
    """
    changes: dict[str, Any] = dict(options)
    if contact_points is not None:
        changes["contact_points"] = (
            contact_points.split(",") if isinstance(contact_points, str) else list(contact_points)
        )
        if config is None:
            changes.setdefault("backend", "cql")
    if keyspace is not None:
        changes["keyspace"] = keyspace
    if ttl is not None:
        changes["ttl"] = ttl.as_options()
    for name, profile in (execution_profiles or {}).items():
        changes = combined(changes, profile_options(name, profile))
    # The guide's names of the metrics are part of the guide; they may be turned off.
    metrics: Mapping[str, Any] = {"legacy_names": True, **changes.get("metrics", {})}
    if config is None and not {"contact_points", "backend", "path"} & set(changes):
        raise StoreConfigurationError("contact_points or a configuration is needed", field="contact_points")
    base: Config = {} if config is None else config
    if base == "":
        base = {"from_env": True}
    if isinstance(base, str) and base.lstrip().startswith("{"):
        try:
            base = json.loads(base)
        except ValueError as error:
            raise StoreConfigurationError(f"the configuration is no JSON: {error}") from error
    if isinstance(base, str):
        return merged_url(merged_url(base, {"metrics": metrics}, override=False), changes)
    return combined({"metrics": metrics}, combined(base, changes))


def profile_options(name: str, profile: ExecutionProfile) -> dict[str, Any]:
    """Where a profile stands in the configuration; ``default`` is what all other requests have."""
    return profile.as_options() if name == "default" else {"profiles": {name: profile.as_options()}}


def merged(config: Config, changes: Mapping[str, Any]) -> Config:
    """The configuration with other values for some of its fields; objects are merged field by field."""
    return merged_url(config, changes) if isinstance(config, str) else combined(config, changes)


def combined(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """One document over another."""
    result = dict(base)
    for name, value in changes.items():
        before = result.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        result[name] = combined(before, value) if both else value  # type: ignore[arg-type]
    return result


def merged_url(url: str, changes: Mapping[str, Any], *, override: bool = True) -> str:
    """The URL with these fields in its query; those that stand there already are replaced, or kept."""
    place, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    fields = {unquote(name): text if equals else "true" for name, equals, text in pairs}
    for path, value in _flat(changes):
        if isinstance(value, Mapping):  # an object with names of its own choice, such as `profiles`
            before = json.loads(unquote(fields[path])) if path in fields else {}
            value = combined(before, value)
        if override or path not in fields:
            try:
                text = value if isinstance(value, str) else json.dumps(value)
            except TypeError as error:
                raise StoreConfigurationError(f"{path}: {error}", field=path) from error
            fields[path] = quote(text, safe="")
    return place + ("?" + "&".join(f"{name}={text}" for name, text in fields.items()) if fields else "")


_OPEN_OBJECTS = {
    "profiles",
    "schema.compaction_options",
    "schema.replication.datacenters",
    "rate_limit.operations",
}


def _flat(changes: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in changes.items():
        path = above + name
        if isinstance(value, Mapping) and path not in _OPEN_OBJECTS:
            found += _flat(value, path + ".")
        else:
            found.append((path, value))
    return found


def in_memory(config: Config) -> bool | None:
    """Whether the items are gone when the store is closed; ``None`` where the environment decides."""
    if isinstance(config, str):
        return config.partition(":")[0].lower() in ("memory", "fault") or config.startswith(":memory:")
    if config.get("backend", "embedded") == "cql" or config.get("path") not in (None, ":memory:"):
        return False
    return None if config.get("from_env") else True
