"""Namespaces: the rules of the newest langgraph-checkpoint, whatever version is installed.

Rules grew with the versions (NUL in 4.3.1, reads in 4.3.0), and older ones let through what the core refuses.
So the rules are kept here, and the installed package's exception is raised with the texts that it would use.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NoReturn

from langgraph.store.base import InvalidNamespaceError

from lgstore import _json

Namespace = tuple[str, ...]

RESERVED_ROOT = "langgraph"
"""The root that LangGraph keeps for itself: refused where something is put, and there only."""


def encode(namespace: Sequence[str]) -> bytes:
    """Checks the labels of a namespace or prefix and gives its JSON. Tuples and lists are the same.

    Raises:
        InvalidNamespaceError: A label is not a string, is empty, or holds a period or NUL.
    """
    if type(namespace) is not tuple:
        namespace = as_tuple(namespace)
    try:
        return _encoded(namespace)
    except TypeError:  # a list among the labels, say, which can't be looked up
        _check(namespace)
        raise


def encode_for_put(namespace: Sequence[str]) -> bytes:
    """As :func:`encode`, for a namespace that will hold an item: not empty, and not LangGraph's own."""
    if not namespace:
        raise InvalidNamespaceError("Namespace cannot be empty.")
    encoded = encode(namespace)
    if namespace[0] == RESERVED_ROOT:
        raise InvalidNamespaceError(f'Root label for namespace cannot be "{RESERVED_ROOT}". Got: {as_tuple(namespace)}')
    return encoded


def as_tuple(namespace: Sequence[str]) -> Namespace:
    """The namespace as a tuple. A string would be taken for a list of one-letter labels, so it is refused."""
    if isinstance(namespace, (tuple, list)):
        return tuple(namespace)
    raise InvalidNamespaceError(
        f"Namespace must be a tuple of labels, but got {type(namespace).__name__}: {namespace!r}."
    )


# A program uses few namespaces many times. Only valid ones are kept; equal tuples have equal JSON, because
# what equals a str is one.
@lru_cache(maxsize=8192)
def _encoded(namespace: Namespace) -> bytes:
    _check(namespace)
    return _json.dumps(namespace, "namespace")


def _check(namespace: Namespace) -> None:
    for label in namespace:
        if not isinstance(label, str) or not label or "." in label or "\0" in label:
            _refuse(label, namespace)


def _refuse(label: object, namespace: Namespace) -> NoReturn:
    begin = f"Invalid namespace label '{label}' found in {namespace}. Namespace labels"
    if not isinstance(label, str):
        raise InvalidNamespaceError(f"{begin} must be strings, but got {type(label).__name__}.")
    if "." in label:
        raise InvalidNamespaceError(f"{begin} cannot contain periods ('.').")
    if "\0" in label:
        raise InvalidNamespaceError(f"{begin} cannot contain NUL bytes ('\\x00').")
    raise InvalidNamespaceError(f"Namespace labels cannot be empty strings. Got {label} in {namespace}")
