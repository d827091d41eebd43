"""The configuration of a store, put together from the arguments of its constructor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lgstore import ValidationError
from lgstore._config import Config as Config
from lgstore._config import combined
from lgstore._config import merged as merged

from .errors import StoreConfigurationError
from .ops import ExecutionProfile, TTLConfig


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
    try:
        return merged(merged(base, {"metrics": metrics}, override=False), changes)
    except (TypeError, ValueError) as error:
        field = error.field if isinstance(error, ValidationError) else str(error).partition(": ")[0]
        raise StoreConfigurationError(str(error), field=field) from error


def profile_options(name: str, profile: ExecutionProfile) -> dict[str, Any]:
    """Where a profile stands in the configuration; ``default`` is what all other requests have."""
    return profile.as_options() if name == "default" else {"profiles": {name: profile.as_options()}}


def in_memory(config: Config) -> bool | None:
    """Whether the items are gone when the store is closed; ``None`` where the environment decides."""
    if isinstance(config, str):
        return config.partition(":")[0].lower() in ("memory", "fault") or config.startswith(":memory:")
    if config.get("backend", "embedded") == "cql" or config.get("path") not in (None, ":memory:"):
        return False
    return None if config.get("from_env") else True
