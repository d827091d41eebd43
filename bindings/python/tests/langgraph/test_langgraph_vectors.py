"""Where vectors are kept, that none is ever stale, and that none is left behind."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from embeddings import WORDS, Counting, fill, found, kept
from langgraph.store.base import PutOp

import lgstore
from lgstore.langgraph import LGStore, _config

Advance = Callable[[LGStore, float], None]


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
    assert kept(ranked) == 4
    assert found(ranked, "cat", filter={}) == ["dogs"]
    assert kept(ranked) == 2  # the search has met those of ("a",); and swept are all
    ranked.native.call("delete", b'{"namespace":["b"],"key":"elsewhere"}')
    ranked.sweep_ttl()
    assert kept(ranked) == 1


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


class Interrupted(lgstore.Store):
    """Lets something happen when a put has been answered, before anything else is done."""

    then: Callable[[], None] | None = None

    def call(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
        answer = super().call(op, body, timeout=timeout)
        if self.then is not None and b'"op":"put"' in body:
            then, self.then = self.then, None
            then()
        return answer


@pytest.mark.parametrize("batched", [False, True])
def test_a_put_without_index_right_behind_one_with_it_is_the_one_that_counts(
    config: dict[str, Any], model: Counting, batched: bool
) -> None:
    index = {"embed": model, "fields": ["text"]}
    with Interrupted(config) as items, lgstore.Store("memory:") as vectors:
        store = LGStore(items, index=index, vectors=vectors)
        for key in ("put", "native"):
            store.put(("a",), key, {"text": "tea"})
        items.then = lambda: store.put(("a",), "put", {"text": "cat"}, index=False)
        other: list[PutOp] = [PutOp(("a",), "other", {"text": "dog"})] if batched else []
        put_all(store, [*other, PutOp(("a",), "put", {"text": "cat"})])
        items.then = lambda: items.put(("a",), "native", {"text": "cat"})
        put_all(store, [*other, PutOp(("a",), "native", {"text": "cat"})])
        assert found(store, "cat") == (["other"] if batched else [])
        assert kept(store) == len(other)


def put_all(store: LGStore, ops: list[PutOp]) -> None:
    if len(ops) == 1:
        store.put(ops[0].namespace, ops[0].key, ops[0].value)
    else:
        store.batch(ops)


def test_contended_puts_leave_no_vectors_behind(ranked: LGStore) -> None:
    def write(number: int) -> None:
        for turn in range(40):
            ranked.put(("a",), "k", {"text": WORDS[(number + turn) % 8], "turn": turn, "number": number})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    word = ranked.get(("a",), "k").value["text"]
    assert [(one.key, one.score) for one in ranked.search(("a",), query=word)] == [("k", 1.0)]
    assert kept(ranked) == 1


def test_searches_remove_the_vectors_of_what_is_gone(ranked: LGStore, advance: Advance) -> None:
    fill(ranked)
    ranked.put(("a",), "short", {"text": "cat"}, ttl=1)
    advance(ranked, 61)
    ranked.native.put(("a",), "cats", {"text": "cat", "n": 1})
    ranked.native.delete(("b",), "elsewhere")
    assert kept(ranked) == 5
    assert found(ranked, "cat", filter={"text": "no such"}) == []
    assert kept(ranked) == 5  # what does not match is not gone
    assert found(ranked, "cat") == ["both", "dogs"]
    assert kept(ranked) == 3
    assert asyncio.run(ranked.asearch((), query="cat", limit=1))[0].key == "both"
    assert kept(ranked) == 2


def test_a_search_is_answered_where_vectors_can_t_be_removed(model: Counting) -> None:
    class ReadOnly(lgstore.Store):
        def call(self, op: str, body: bytes = b"{}", *, timeout: float | None = None) -> bytes:
            if b'"op":"delete"' in body:
                raise lgstore.UnavailableError("unavailable", "away")
            return super().call(op, body, timeout=timeout)

    with lgstore.Store("memory:") as native, ReadOnly("memory:") as vectors:
        store = LGStore(native, index={"embed": model, "fields": ["text"]}, vectors=vectors)
        fill(store)
        native.delete(("a",), "cats")
        assert found(store, "cat") == ["both", "dogs"]
        assert kept(store) == 4
