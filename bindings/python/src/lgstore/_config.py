"""Configurations put together: a document, its JSON text or a URL, and options that are added to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from . import _json
from .error import ValidationError

Config: TypeAlias = "str | Mapping[str, Any]"
"""What docs/configuration.md describes: a document, its JSON text, a URL, or "", which is all from the environment."""

# Objects whose members have names of the user's choice: a URL holds each whole.
_OPEN = {"profiles", "schema.compaction_options", "schema.replication.datacenters", "rate_limit.operations"}


def merged(config: Config, options: Mapping[str, Any], *, override: bool = True) -> Config:
    """The configuration with these options, objects member by member.

    override: whether an option replaces what the configuration says itself. A URL stays one, and what it says
    twice it still says twice: the core refuses it.

    Raises:
        TypeError, ValueError: An option is not JSON, or the configuration's text is none.
    """
    if isinstance(config, str) and not is_document(config):
        return _merged_url(config, options, override)
    members = document(config)
    return combined(members, options) if override else combined(options, members)


def is_document(text: str) -> bool:
    """Whether a configuration's text is a document: what is neither empty nor a JSON object is a URL."""
    return not text.strip() or text.lstrip().startswith("{")


def document(config: Config) -> Mapping[str, Any]:
    """The document of a configuration that is no URL."""
    if not isinstance(config, str):
        return config
    if not config.strip():
        return {"from_env": True}
    try:
        members: Mapping[str, Any] = _json.loads(config)
    except ValueError as error:
        raise ValidationError("json", f"the configuration is no JSON: {error}") from error
    return members


def combined(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """One document over another."""
    result = dict(base)
    for name, value in changes.items():
        before = result.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        result[name] = combined(before, value) if both else value  # type: ignore[arg-type]
    return result


def split(url: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the query of a URL, and the query's fields by their paths; their texts stay encoded."""
    place, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return place, [(unquote(name), text if equals else "true") for name, equals, text in pairs]


def joined(place: str, fields: list[tuple[str, str]]) -> str:
    """The URL that :func:`split` takes apart."""
    query = "&".join(f"{quote(name)}={text}" for name, text in fields)
    return f"{place}?{query}" if query else place


def _merged_url(url: str, options: Mapping[str, Any], override: bool) -> str:
    place, fields = split(url)
    for path, value in _flat(options, ""):
        old = [text for name, text in fields if name == path]
        if old and not override:
            continue
        if old and isinstance(value, Mapping):
            value = combined(_json.loads(unquote(old[-1])), value)
        text = value if isinstance(value, str) else _json.dumps(value, path).decode()
        fields = [field for field in fields if field[0] != path]
        fields.append((path, quote(text, safe="")))
    return joined(place, fields)


def _flat(options: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        path = above + name
        if isinstance(value, Mapping) and path not in _OPEN:
            yield from _flat(value, path + ".")
        else:
            yield path, value
