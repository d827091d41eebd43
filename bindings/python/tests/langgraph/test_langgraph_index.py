"""Search by likeness: where LangGraph's stores disagree about vectors, and that no vector is ever stale."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langgraph.store.base import GetOp, PutOp, SearchOp

import lgstore
from lgstore.langgraph import LGStore, _config
from lgstore.langgraph._ranked import Ranked
from lgstore.langgraph._vectors import unpacked

Advance = Callable[[LGStore, float], None]
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


@pytest.fixture
def model() -> Counting:
    return Counting()


@pytest.fixture
def ranked(config: dict[str, Any], model: Counting) -> Iterator[LGStore]:
    index = {"embed": model, "dims": len(WORDS), "fields": ["text"]}
    with LGStore.from_conn_string(config, index=index) as store:
        yield store


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


def test_ranked_by_cosine_with_scores(ranked: LGStore) -> None:
    fill(ranked)
    hits = ranked.search(("a",), query="cat")
    assert [(one.key, one.score) for one in hits] == [
        ("cats", pytest.approx(1)),
        ("both", pytest.approx(math.sqrt(0.5))),
        ("dogs", 0.0),
    ]
    assert [one.key for one in asyncio.run(ranked.asearch(("a", "below"), query="cat"))] == ["dogs"]
    [batched] = ranked.batch([SearchOp(("a",), None, 2, 0, "dog")])
    assert [one.key for one in batched] == ["dogs", "both"]


def test_likeness_on_every_backend(anywhere_config: dict[str, Any], root: str) -> None:
    index = {"embed": Counting(), "dims": len(WORDS), "fields": ["text"]}
    with LGStore.from_conn_string(anywhere_config, index=index) as store:
        place = (root, "a")
        store.batch([PutOp(place, word, {"text": word}) for word in WORDS])
        store.put(place, "cat", {"text": "cat sun"})
        store.put(place, "dog", {"text": "cat"}, index=False)
        assert store.put_if_absent(place, "new", {"text": "cat cat"}, ttl=60)
        store.delete(place, "red")
        hits = store.search((root,), query="cat", limit=2)
        assert [(one.key, one.score) for one in hits] == [("new", 1.0), ("cat", pytest.approx(math.sqrt(0.5)))]
        assert store.list_namespaces(prefix=(root,)) == [place]
        assert store.count((root,)) == len(WORDS)
        assert len(list(store._ranked.vectors.iter_search((root,)))) == len(WORDS) - 1
        assert store.delete_prefix((root,)) == len(WORDS)
        assert list(store._ranked.vectors.iter_search((root,))) == []


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


def test_items_without_vectors_are_left_out(ranked: LGStore) -> None:
    fill(ranked)
    ranked.put(("a",), "unindexed", {"text": "cat"}, index=False)
    ranked.put(("a",), "no field", {"other": "cat"})
    ranked.put(("a",), "empty list", {"text": "cat"}, index=[])
    assert found(ranked, "cat") == ["cats", "both", "dogs"]
    assert len(ranked.search(("a",))) == 6


def test_pages_are_exact(ranked: LGStore) -> None:
    texts = ["cat " * number + "dog " * (30 - number) for number in range(30)]
    ranked.batch([PutOp(("a",), f"{number:02}", {"text": text}) for number, text in enumerate(texts)])
    whole = found(ranked, "cat", limit=100)
    assert whole == [f"{number:02}" for number in reversed(range(30))]
    for size in (1, 2, 7, 10):
        paged = [key for at in range(0, 40, size) for key in found(ranked, "cat", limit=size, offset=at)]
        assert paged == whole, size
    assert found(ranked, "cat", limit=0) == []
    for bounds in ({"limit": -1}, {"offset": -1}, {"limit": None}):
        with pytest.raises(ValueError, match=next(iter(bounds))):
            found(ranked, "cat", **bounds)


def test_of_several_puts_of_one_item_in_a_batch_the_last_is_ranked(ranked: LGStore) -> None:
    ranked.batch(
        [
            PutOp(("a",), "changed", {"text": "dog"}),
            PutOp(("a",), "changed", {"text": "cat"}),
            PutOp(("a",), "unindexed", {"text": "cat"}),
            PutOp(("a",), "unindexed", {"text": "cat"}, False),
            PutOp(("a",), "gone", {"text": "cat"}),
            PutOp(("a",), "gone", None),
        ]
    )
    assert [(one.key, one.score) for one in ranked.search(("a",), query="cat")] == [("changed", 1.0)]
    assert kept(ranked) == 1


def test_ties_are_in_the_order_of_keys(ranked: LGStore) -> None:
    for key in ("b", "c", "a"):
        ranked.put(("a",), key, {"text": "cat"})
    assert found(ranked, "cat") == ["a", "b", "c"]


def test_an_item_of_many_vectors_counts_once_by_its_best(ranked: LGStore) -> None:
    ranked.put(("a",), "many", {"list": ["dog", "tea", "cat"] * 4}, index=["list[*]"])
    for number in range(5):
        ranked.put(("a",), str(number), {"text": "cat dog"})
    hits = ranked.search(("a",), query="cat", limit=3)
    assert [one.key for one in hits] == ["many", "0", "1"]
    assert hits[0].score == pytest.approx(1)


def test_filters_come_before_ranks(ranked: LGStore) -> None:
    ranked.batch([PutOp(("a",), f"{n:03}", {"text": "cat" if n % 10 else "cat dog", "n": n}) for n in range(200)])
    assert found(ranked, "cat", filter={"n": {"$gte": 190}}, limit=5) == ["191", "192", "193", "194", "195"]
    with pytest.raises(ValueError, match="Unsupported operator"):
        found(ranked, "cat", filter={"n": {"$near": 1}})


def test_vectors_without_length_score_zero(ranked: LGStore) -> None:
    ranked.put(("a",), "none", {"text": "nothing known"})
    ranked.put(("a",), "cat", {"text": "cat"})
    assert [(one.key, one.score) for one in ranked.search(("a",), query="cat")] == [("cat", 1.0), ("none", 0.0)]
    assert [one.score for one in ranked.search(("a",), query="unknown")] == [0.0, 0.0]


def test_overwriting_leaves_no_stale_vector(ranked: LGStore) -> None:
    ranked.put(("a",), "other text", {"text": "cat"})
    ranked.put(("a",), "other text", {"text": "dog"})
    ranked.put(("a",), "unindexed", {"text": "cat"})
    ranked.put(("a",), "unindexed", {"text": "cat"}, index=False)
    ranked.put(("a",), "other fields", {"text": "cat", "more": "dog"})
    ranked.put(("a",), "other fields", {"text": "cat", "more": "dog"}, index=["more"])
    ranked.put(("a",), "shorter", {"l": ["cat", "dog"]}, index=["l[*]"])
    ranked.put(("a",), "shorter", {"l": ["dog"]}, index=["l[*]"])
    assert [(one.key, one.score) for one in ranked.search(("a",), query="cat")] == [
        ("other fields", 0.0),
        ("other text", 0.0),
        ("shorter", 0.0),
    ]
    assert kept(ranked) == 3


def test_deleting_leaves_no_vector_behind(ranked: LGStore) -> None:
    for key in ("one", "two", "three"):
        ranked.put(("a",), key, {"text": "cat"})
    ranked.delete(("a",), "one")
    asyncio.run(ranked.adelete(("a",), "two"))
    ranked.batch([PutOp(("a",), "three", None)])
    assert kept(ranked) == 0
    ranked.put(("a",), "one", {"text": "dog"}, index=False)
    assert found(ranked, "cat") == []


def test_writers_without_an_index_leave_no_stale_vector(ranked: LGStore) -> None:
    fill(ranked)
    # Another language, or another process, overwrites one item and deletes and makes another.
    ranked.native.call("put", b'{"namespace":["a"],"key":"cats","value":{"text":"fish"}}')
    ranked.native.call("delete", b'{"namespace":["a"],"key":"both"}')
    ranked.native.call("put", b'{"namespace":["a"],"key":"both","value":{"text":"cat dog"}}')
    assert found(ranked, "cat") == ["dogs"]
    assert kept(ranked) == 4
    ranked.sweep_ttl()
    assert kept(ranked) == 2


def test_a_default_ttl_is_none_of_the_vectors(config: dict[str, Any], model: Counting) -> None:
    config = {**config, "ttl": {**config["ttl"], "default_ttl": 60}}
    with LGStore.from_conn_string(config, index={"embed": model, "dims": len(WORDS), "fields": ["text"]}) as store:
        store.put(("a",), "k", {"text": "cat"}, ttl=None)
        for one in store._stores():
            one.advance(100)
        assert found(store, "cat") == ["k"]


def test_expiry_takes_the_vector_along(ranked: LGStore, advance: Advance) -> None:
    ranked.put(("a",), "short", {"text": "cat"}, ttl=1)
    ranked.put(("a",), "long", {"text": "cat"}, ttl=3)
    advance(ranked, 61)
    assert found(ranked, "cat") == ["long"]
    # A ranked search refreshes what it returns, and a vector lasts as long as its item.
    advance(ranked, 170)
    assert found(ranked, "cat") == ["long"]
    advance(ranked, 170)
    assert found(ranked, "cat", refresh_ttl=False) == ["long"]
    advance(ranked, 20)
    assert found(ranked, "cat") == []
    ranked.sweep_ttl()
    assert kept(ranked) == 0


def test_conditional_writes_keep_vectors_of_what_was_applied(ranked: LGStore) -> None:
    assert ranked.put_if_absent(("a",), "k", {"text": "cat"})
    assert not ranked.put_if_absent(("a",), "k", {"text": "dog"})
    assert found(ranked, "cat") == ["k"]
    version = ranked.get_versioned(("a",), "k").version
    assert ranked.compare_and_set(("a",), "k", {"text": "tea"}, expected_version=version)
    assert not ranked.compare_and_set(("a",), "k", {"text": "cat"}, expected_version=version)
    assert [(one.key, one.score) for one in ranked.search(("a",), query="tea")] == [("k", 1.0)]
    assert ranked.update_if_exists(("a",), "k", {"text": "sun"}, index=False)
    assert found(ranked, "sun") == []
    assert ranked.update_if_exists(("a",), "k", {"text": "sun"})
    assert kept(ranked) == 1
    assert ranked.delete_if_exists(("a",), "k")
    assert kept(ranked) == 0


def test_delete_prefix_takes_vectors_along(ranked: LGStore) -> None:
    fill(ranked)
    assert ranked.delete_prefix(("a",)) == 3
    assert kept(ranked) == 1
    assert ranked.delete_prefix(()) == 1
    assert kept(ranked) == 0


def test_nothing_of_the_vectors_is_seen(ranked: LGStore) -> None:
    fill(ranked)
    assert ranked.list_namespaces() == [("a",), ("a", "below"), ("b",)]
    assert ranked.list_namespaces(prefix=("*",), max_depth=1) == [("a",), ("b",)]
    assert ranked.count() == 4
    assert len(ranked.search((), limit=100)) == 4
    raw = json.loads(ranked.native.call("get", b'{"namespace":["a"],"key":"cats"}'))
    assert raw["value"] == {"text": "cat cat"}
    assert len(json.loads(ranked.native.call("search", b'{"namespace_prefix":[]}'))["items"]) == 4
    assert ranked.delete_prefix(()) == 4


def test_namespaces_and_keys_as_long_as_they_may_be(ranked: LGStore) -> None:
    namespace = tuple("x" * 256 for _ in range(10))
    ranked.put(namespace, "k" * 1024, {"text": "cat"})
    [hit] = ranked.search(namespace[:1], query="cat")
    assert (hit.namespace, hit.key, hit.score) == (namespace, "k" * 1024, 1.0)


def test_many_big_vectors_of_one_item(config: dict[str, Any]) -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[float(len(text))] * 1536 for text in texts]

    with LGStore(config, index={"embed": embed, "dims": 1536, "fields": ["parts[*]"]}) as store:
        store.put(("a",), "book", {"parts": ["p" * number for number in range(1, 301)]})
        assert [one.key for one in store.search(("a",), query="p")] == ["book"]


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


def test_without_a_configuration_query_and_index_are_ignored(store: LGStore) -> None:
    store.put(("a",), "k", {"text": "cat"}, index=["text"])
    store.put(("a",), "l", {"text": "cat"}, index=False)
    hits = store.search(("a",), query="cat")
    assert [(one.key, one.score) for one in hits] == [("l", None), ("k", None)]
    assert [one.key for one in store.batch([SearchOp(("a",), query="cat")])[0]] == ["l", "k"]


def test_an_empty_query_does_not_rank(ranked: LGStore, model: Counting) -> None:
    fill(ranked)
    assert {one.score for one in ranked.search(("a",), query="")} == {None}
    assert model.queries == []


def test_reads_of_a_batch_rank_the_state_before_it(ranked: LGStore) -> None:
    fill(ranked)
    ops = [
        PutOp(("a",), "new", {"text": "cat"}),
        SearchOp(("a",), query="cat"),
        GetOp(("a",), "new"),
        SearchOp(("a",), query="dog", limit=1),
        PutOp(("a",), "cats", None),
    ]
    got = asyncio.run(ranked.abatch(ops))
    assert [one.key for one in got[1]] == ["cats", "both", "dogs"]
    assert got[2] is None
    assert [one.key for one in got[3]] == ["dogs"]
    assert (got[0], got[4]) == (None, None)
    assert found(ranked, "cat") == ["new", "both", "dogs"]


def test_an_event_loop_goes_on_while_a_search_ranks(ranked: LGStore, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def noted(value: Any) -> Any:
        threads.append(threading.current_thread())
        return unpacked(value)

    monkeypatch.setattr("lgstore.langgraph._ranked.unpacked", noted)
    fill(ranked)
    assert len(asyncio.run(ranked.asearch(("a",), query="cat"))) == 3
    assert len(threads) == 3
    assert threading.main_thread() not in threads
    assert found(ranked, "cat") == ["cats", "both", "dogs"]
    assert threads[3:] == [threading.main_thread()] * 3


def test_vectors_last_in_a_file(tmp_path: Path, model: Counting) -> None:
    url = f"file:{tmp_path}/memory.db?durability=normal"
    index = {"embed": model, "fields": ["text"]}
    with LGStore.from_conn_string(url, index=index) as store:
        fill(store)
    with LGStore.from_conn_string(url, index=index) as store:
        assert found(store, "cat") == ["cats", "both", "dogs"]
    assert sorted(path.name for path in tmp_path.glob("memory.db*vectors")) == ["memory.db-vectors"]


def test_concurrent_writers_of_one_key_leave_it_ranked_as_it_is(ranked: LGStore) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(ranked.aput(("a",), f"k{turn % 3}", {"text": WORDS[turn % 8]}) for turn in range(60)))

    asyncio.run(scenario())
    for number in range(3):
        key = f"k{number}"
        word = ranked.get(("a",), key).value["text"]
        [hit] = [one for one in ranked.search(("a",), query=word) if one.key == key]
        assert hit.score == pytest.approx(1), key
    ranked.sweep_ttl()
    assert kept(ranked) == 3


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("file:/x/m.db", "file:/x/m.db-vectors?"),
        ("file:m.db?durability=normal", "file:m.db-vectors?durability=normal&"),
        ("memory:", "memory:?"),
        ("scylla://u:p@h1,h2:9042/memory?timeout=1", "scylla://u:p@h1,h2:9042/memory_vectors?timeout=1&"),
        ('{"path": "/x/m.db"}', "/x/m.db-vectors"),
        ('{"backend": "cql", "contact_points": ["h"], "keyspace": "ks"}', "ks_vectors"),
    ],
)
def test_where_vectors_are_kept(config: str, place: str) -> None:
    made = _config.beside(config)
    if isinstance(made, str):
        assert made.startswith(place)
    else:
        assert place in (made.get("path"), made.get("keyspace"))


@pytest.mark.parametrize(
    "config", ["", '{"from_env": true}', "memory:?from_env", "file:x?path=y", "scylla://h/ks?keyspace=k"]
)
def test_where_vectors_can_t_be_kept(config: str, model: Counting) -> None:
    with pytest.raises(ValueError, match="vectors"):
        LGStore(config, index={"embed": model})


def test_vectors_may_be_kept_anywhere(config: dict[str, Any], model: Counting, tmp_path: Path) -> None:
    with lgstore.Store(config) as native, lgstore.Store("memory:") as vectors:
        with pytest.raises(ValueError, match="vectors"):
            LGStore(native, index={"embed": model})
        with LGStore(native, index={"embed": model}, vectors=vectors) as store:
            store.put(("a",), "k", {"text": "cat"})
            assert found(store, "cat") == ["k"]
        assert json.loads(vectors.call("count", b'{"namespace_prefix":[]}')) == 1
