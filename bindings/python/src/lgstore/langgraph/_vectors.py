"""Embeddings of items: which texts, which vectors, how alike, and where they are kept.

Vectors are kept in a store of their own beside the items' (the file ``x.db-vectors`` beside ``x.db``, the keyspace
``memory_vectors`` beside ``memory``), so that nothing of them is in any value, filter, listing or count, in any
language. An item's vectors are there in its namespace, under the *version* of the item, not under its key.
All else follows from what a version is: the core makes a new one for every write and never the same again, and a
refresh of the TTL does not change it.

- A vector can't be stale: after an overwrite, by whomever, in whatever language, with other fields, with
  index=False, the item has another version, and the old vectors are found by no one.
- It can't be revived: a key that is deleted, expires, and is put again gets a new version.
- Writers of one key don't disturb each other: each writes under its own version, and the item says whose counts.
- No transaction over both stores is needed. The item is written first, then its vectors. Who dies in between
  leaves an item that is not ranked until it is put again, never a wrong rank.
- Expiry needs nothing: vectors don't expire, and an item that is gone is found by no one.

What is left over are vectors of versions that are no more: a put and a delete remove those of the version that they
replaced; ranked searches without a filter remove those that they meet; ``sweep_ttl`` and ``delete_prefix`` all.
"""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import mul
from typing import Any, TypeAlias

from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, ensure_embeddings, get_text_at_path

from lgstore import ValidationError, _json

_MEMBERS = ("dims", "embed", "fields")

Vector: TypeAlias = "array[float]"


class Index:
    """An index configuration, checked."""

    def __init__(self, config: IndexConfig) -> None:
        for name in config:
            if name not in _MEMBERS:
                known = ", ".join(_MEMBERS)
                raise ValidationError("invalid_arg", f"unknown member; there are {known}", field=f"index.{name}")
        self.model: Embeddings = ensure_embeddings(config.get("embed"))
        self.dims: int | None = config.get("dims")
        if self.dims is not None and (type(self.dims) is not int or self.dims < 1):
            raise ValidationError("invalid_arg", f"must be an integer from 1, but is {self.dims!r}", field="index.dims")
        self.fields: list[str] = _paths(config.get("fields") or ["$"], "index.fields")

    def texts(self, value: bytes, index: Sequence[str] | bool | None) -> list[str]:
        """The texts of a value (its JSON) that are embedded, each once.

        `index` is a put's: None = the configured fields, False = none, or paths. The value is read back from its
        JSON, so that a tuple is the array that it is stored as.
        """
        if index is False:
            return []
        fields = self.fields if index is None else _paths(index, "index")
        read = _json.loads(value)
        return list(dict.fromkeys(text for field in fields for text in get_text_at_path(read, field)))

    def checked(self, vectors: Sequence[Sequence[float]], count: int) -> list[Vector]:
        """The vectors that the model has given for `count` texts."""
        if len(vectors) != count:
            raise ValueError(f"the embedding gave {len(vectors)} vectors for {count} texts")
        made = [array("f", map(float, vector)) for vector in vectors]
        for vector in made:
            if self.dims is not None and len(vector) != self.dims:
                raise ValueError(f"the embedding gave {len(vector)} dimensions, but index.dims is {self.dims}")
            if not all(map(math.isfinite, vector)):
                raise ValueError("the embedding gave a number that is not finite")
        return made


def _paths(given: Any, field: str) -> list[str]:
    if isinstance(given, (list, tuple)) and all(isinstance(path, str) for path in given):
        return list(given)
    raise ValidationError("invalid_arg", f"must be a list of paths, but is {given!r}", field=field)


def packed(key: str, vectors: Sequence[Vector]) -> bytes:
    """The value under which an item's vectors are kept: 32-bit floats, little-endian, in base64."""
    joined = array("f")
    for vector in vectors:
        joined.extend(vector)
    return _json.dumps(
        {"key": key, "dims": len(vectors[0]), "vectors": base64.b64encode(_little(joined).tobytes()).decode()}
    )


def unpacked(value: Mapping[str, Any]) -> list[Vector]:
    joined = array("f")
    joined.frombytes(base64.b64decode(value["vectors"]))
    joined, dims = _little(joined), value["dims"]
    return [joined[at : at + dims] for at in range(0, len(joined), dims)]


def _little(floats: Vector) -> Vector:
    if sys.byteorder == "big":
        floats = floats[:]
        floats.byteswap()
    return floats


# Since Python 3.12 in C, and exact.
_product: Callable[[Vector, Vector], float] = getattr(math, "sumprod", lambda one, other: sum(map(mul, one, other)))


class Likeness:
    """How alike vectors are to one that is searched for: the cosine, from -1 to 1; 0 where one has no length."""

    def __init__(self, query: Vector) -> None:
        self._query = query
        self._length = math.sqrt(_product(query, query))

    def best(self, vectors: Sequence[Vector]) -> float | None:
        """The highest of an item's vectors; None if there is none of the same dimensions."""
        scores = [self._of(vector) for vector in vectors if len(vector) == len(self._query)]
        return max(scores, default=None)

    def _of(self, vector: Vector) -> float:
        lengths = self._length * math.sqrt(_product(vector, vector))
        if lengths == 0.0:
            return 0.0
        return max(-1.0, min(1.0, _product(vector, self._query) / lengths))
