"""A model for tests, and stores that it ranks."""

from __future__ import annotations

from typing import Any

from langchain_core.embeddings import Embeddings

from lgstore.langgraph import LGStore
from lgstore.langgraph._ranked import Ranked

WORDS = ["cat", "dog", "fish", "tea", "sun", "sea", "red", "blue"]


class Counting(Embeddings):
    """Vectors of word counts, exact and without a model; notes what it was asked."""

    def __init__(self) -> None:
        self.documents: list[list[str]] = []
        self.queries: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.documents.append(list(texts))
        if any("poison" in text for text in texts):
            raise RuntimeError("the model is away")
        return [[text.count(word) for word in WORDS] for text in texts]  # integers, as some models give

    def embed_query(self, text: str) -> list[float]:
        self.queries.append(text)
        return [float(text.count(word)) for word in WORDS]


def found(store: LGStore, query: str, **options: Any) -> list[str]:
    return [one.key for one in store.search(("a",), query=query, **options)]


def kept(store: LGStore) -> int:
    """How many items' vectors there are, whether or not they count."""
    ranked = store._ranked
    assert isinstance(ranked, Ranked)
    return int(ranked.vectors.call("count", b'{"namespace_prefix":[]}'))


def fill(store: LGStore) -> None:
    store.put(("a",), "cats", {"text": "cat cat"})
    store.put(("a",), "both", {"text": "cat dog"})
    store.put(("a", "below"), "dogs", {"text": "dog"})
    store.put(("b",), "elsewhere", {"text": "cat"})
