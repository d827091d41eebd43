"""Models: what they are asked, when, and what becomes of bad answers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from embeddings import WORDS, Counting, fill, found
from langgraph.store.base import PutOp

from lgstore.langgraph import LGStore

Advance = Callable[[LGStore, float], None]


def test_queries_are_embedded_as_queries(ranked: LGStore, model: Counting) -> None:
    fill(ranked)
    model.documents.clear()
    found(ranked, "cat")
    assert (model.queries, model.documents) == (["cat"], [])


def test_fields_are_honoured(ranked: LGStore, model: Counting) -> None:
    ranked.put(("a",), "k", {"text": "cat", "other": "dog"})
    assert model.documents == [["cat"]]


def test_a_batch_is_embedded_in_one_call_each_text_once(ranked: LGStore, model: Counting) -> None:
    ranked.batch([PutOp(("a",), str(number), {"text": text}) for number, text in enumerate(["cat", "dog", "cat"])])
    assert model.documents == [["cat", "dog"]]
    assert set(found(ranked, "cat")) == {"0", "1", "2"}


def test_an_embedding_that_fails_leaves_nothing_written(ranked: LGStore) -> None:
    ranked.put(("a",), "old", {"text": "cat"})
    with pytest.raises(RuntimeError, match="the model is away"):
        ranked.batch([PutOp(("a",), "old", None), PutOp(("a",), "new", {"text": "poison"})])
    with pytest.raises(RuntimeError, match="the model is away"):
        asyncio.run(ranked.aput(("a",), "new", {"text": "poison"}))
    assert found(ranked, "cat") == ["old"]
    assert ranked.count() == 1


def test_embeddings_of_the_wrong_shape_are_refused(config: dict[str, Any]) -> None:
    for embed, text in (
        (lambda texts: [[1.0, 2.0]] * len(texts), "2 dimensions, but index.dims is 3"),
        (lambda texts: [], "0 vectors for 1 texts"),
        (lambda texts: [[1.0, math.nan, 0.0]] * len(texts), "not finite"),
    ):
        with LGStore(config, index={"embed": embed, "dims": 3}) as store:
            with pytest.raises(ValueError, match=text):
                store.put(("a",), "k", {"text": "x"})
            assert store.count() == 0


def test_functions_async_functions_and_objects_embed(config: dict[str, Any]) -> None:
    def vectors(texts: list[str]) -> list[list[float]]:
        return [[float(text.count(word)) for word in WORDS] for text in texts]

    async def avectors(texts: list[str]) -> list[list[float]]:
        return vectors(texts)

    async def scenario(store: LGStore) -> list[str]:
        await store.aput(("a",), "k", {"text": "cat"})
        return [one.key for one in await store.asearch(("a",), query="cat")]

    for embed in (vectors, avectors, Counting()):
        with LGStore(config, index={"embed": embed, "dims": len(WORDS)}) as store:
            assert asyncio.run(scenario(store)) == ["k"]
    with LGStore(config, index={"embed": avectors}) as store, pytest.raises(ValueError, match="async"):
        store.put(("a",), "k", {"text": "cat"})


VALUE = {
    "text": "t",
    "n": 1,
    "x": 1.5,
    "b": True,
    "z": None,
    "o": {"p": "q", "a": ["ü", 1]},
    "l": [{"c": "one"}, {"c": "two"}],
}


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("text", ["t"]),
        ("n", ["1"]),
        ("x", ["1.5"]),
        ("b", ["True"]),
        ("z", []),
        ("none", []),
        ("o.p", ["q"]),
        ("o", ['{"a": ["ü", 1], "p": "q"}']),
        ("l[0].c", ["one"]),
        ("l[-1].c", ["two"]),
        ("l[*].c", ["one", "two"]),
        ("l[9].c", []),
        ("o.*", ["q", '["ü", 1]']),
        ("{text,o.p}", ["t", "q"]),
        ("$", [json.dumps(VALUE, sort_keys=True, ensure_ascii=False)]),
        ("", [json.dumps(VALUE, sort_keys=True, ensure_ascii=False)]),
    ],
)
def test_paths_give_the_texts_of_langgraph(ranked: LGStore, model: Counting, path: str, texts: list[str]) -> None:
    ranked.put(("a",), "k", VALUE, index=[path])
    assert model.documents == ([texts] if texts else [])


def test_without_fields_the_whole_value_is_embedded(config: dict[str, Any], model: Counting) -> None:
    for fields in ({}, {"fields": None}, {"fields": []}, {"fields": ["$"]}):
        with LGStore(config, index={"embed": model, **fields}) as store:
            store.put(("a",), "k", {"b": 1, "a": ("x",)})
    assert model.documents == [['{"a": ["x"], "b": 1}']] * 4


@pytest.mark.parametrize("index", [True, "text", [5], {"text"}])
def test_an_index_that_is_neither_false_nor_paths_is_refused(ranked: LGStore, index: Any) -> None:
    with pytest.raises(ValueError, match="index"):
        ranked.put(("a",), "k", {"text": "cat"}, index=index)
    assert ranked.count() == 0


def test_unknown_members_of_the_configuration_are_refused(config: dict[str, Any], model: Counting) -> None:
    with pytest.raises(ValueError, match=r"index\.text_fields"):
        LGStore(config, index={"embed": model, "text_fields": ["text"]})
    with pytest.raises(ValueError, match=r"index\.fields"):
        LGStore(config, index={"embed": model, "fields": "text"})
    with pytest.raises(ValueError, match="embed"):
        LGStore(config, index={"dims": 3})
