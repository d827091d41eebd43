"""Search by likeness: where LangGraph's stores disagree about ranks."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from embeddings import WORDS, Counting, fill, found
from langgraph.store.base import GetOp, PutOp, SearchOp

import lgstore
from lgstore.langgraph import LGStore
from lgstore.langgraph._vectors import unpacked

Advance = Callable[[LGStore, float], None]


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

    monkeypatch.setattr("lgstore.langgraph._ranking.unpacked", noted)
    fill(ranked)
    assert len(asyncio.run(ranked.asearch(("a",), query="cat"))) == 3
    assert len(threads) == 3
    assert threading.main_thread() not in threads
    assert found(ranked, "cat") == ["cats", "both", "dogs"]
    assert threads[3:] == [threading.main_thread()] * 3


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"limit": 1_000_000}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"limit": float("nan")}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": "1"}, "offset"),
        ({"limit": 0, "filter": {"text": {"$near": 1}}}, "filter.text.$near"),
        ({"filter": {"text": {"$gt": 1}, "$or": 5}}, "filter.$or"),
    ],
)
def test_ranked_searches_are_refused_as_others_before_a_model_is_asked(
    ranked: LGStore, model: Counting, options: dict[str, Any], field: str
) -> None:
    ranked.put(("a",), "k", {"text": "cat"})
    model.documents.clear()
    refusals = []
    for query in (None, "cat"):
        with pytest.raises(lgstore.ValidationError) as caught:
            ranked.search(("a",), query=query, **options)
        refusals.append((caught.value.code, caught.value.op, caught.value.field, caught.value.message))
    assert refusals[0] == refusals[1]
    assert refusals[0][2] == field
    search = SearchOp(("a",), query="cat", **options)
    for ops in ([search], [PutOp(("a",), "new", {"text": "dog"}), search]):
        with pytest.raises(lgstore.ValidationError):
            ranked.batch(ops)
    assert (model.queries, model.documents) == ([], [])
    assert ranked.count() == 1


def test_a_batch_is_refused_before_a_model_is_asked(ranked: LGStore, model: Counting) -> None:
    put = PutOp(("a",), "new", {"text": "dog"})
    for wrong in (SearchOp(("a",), filter={"a": {"$near": 1}}), GetOp(("a",), "k" * 2000), SearchOp(("a",), limit=-1)):
        with pytest.raises(lgstore.ValidationError):
            ranked.batch([put, wrong])
    assert model.documents == []
    assert ranked.count() == 0


def test_a_put_that_does_not_count_is_checked_too(ranked: LGStore) -> None:
    with pytest.raises(lgstore.ValidationError, match="value"):
        ranked.batch([PutOp(("a",), "k", {"text": "x" * 2_000_000}), PutOp(("a",), "k", {"text": "cat"})])
    assert ranked.count() == 0


def test_what_is_wrong_with_an_indexed_put_is_named_as_with_others(ranked: LGStore) -> None:
    big = {"text": "cat", "more": "x" * 2_000_000}
    with pytest.raises(lgstore.ValidationError) as caught:
        ranked.put(("a",), "k", big)
    assert (caught.value.op, caught.value.field) == ("put", "value")
    with pytest.raises(lgstore.ValidationError) as caught:
        ranked.batch([PutOp(("a",), "j", {"text": "cat"}), PutOp(("a",), "k", big)])
    assert (caught.value.op, caught.value.field) == ("batch", "ops[1].value")
    with pytest.raises(lgstore.ValidationError) as caught:
        ranked.batch([PutOp(("a",), "j", {"text": "cat"}), PutOp(("a",), "k" * 2_000, {"text": "cat"})])
    assert (caught.value.op, caught.value.field) == ("batch", "ops[1].key")
    assert ranked.count() == 0


def test_vectors_are_rounded_to_32_bits(config: dict[str, Any]) -> None:
    near = 1 + 2**-40  # the same as 1 in 32 bits

    def embed(texts: list[str]) -> list[list[float]]:
        return [[near, 1.0] if "near" in text else [1.0, 1.0] for text in texts]

    with LGStore(config, index={"embed": embed, "dims": 2}) as store:
        store.put(("a",), "b", {"text": "exact"})
        store.put(("a",), "a", {"text": "near"})
        hits = store.search(("a",), query="exact")
        assert [one.key for one in hits] == ["a", "b"]  # a tie
        assert hits[0].score == hits[1].score
