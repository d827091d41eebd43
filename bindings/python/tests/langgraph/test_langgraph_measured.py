"""Correctness problems that were measured in the stores there are: each is a test that this one is right.

One test for each problem that concerns a BaseStore, in the words of the list.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, PutOp, SearchOp

from lgstore.langgraph import LGStore

Advance = Callable[[LGStore, float], None]


def embed(texts: list[str]) -> list[list[float]]:
    """Vectors by the letters of a text."""
    return [[float(text.count(letter)) for letter in "abcdefghij"] for text in texts]


@pytest.fixture
def ranked(open_store: Callable[..., LGStore]) -> LGStore:
    return open_store(index={"embed": embed, "dims": 10, "fields": ["text"]})


def keys(found: list[Any]) -> list[str]:
    return [one.key for one in found]


def test_one_unserialisable_value_fails_no_other_of_the_same_tick(anywhere: LGStore, root: str) -> None:
    async def scenario() -> list[Any]:
        puts = [anywhere.aput((root,), str(n), {"v": object() if n == 31 else n}) for n in range(64)]
        return await asyncio.gather(*puts, return_exceptions=True)

    outcomes = asyncio.run(scenario())
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [31]
    assert isinstance(outcomes[31], TypeError)
    assert anywhere.count((root,)) == 63


def test_expired_items_are_not_returned_before_a_sweep(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=1)
    advance(store, 60.001)
    assert store.get(("a",), "k") is None
    assert store.search(()) == []
    assert store.sweep_ttl() == 1


def test_a_ttl_of_a_fraction_of_a_minute_is_kept_on_refresh(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=0.05)
    assert store.get(("a",), "k") is not None
    expires = store.get_versioned(("a",), "k")
    assert expires.expires_at - expires.updated_at < timedelta(seconds=4)
    advance(store, 2)
    assert store.get(("a",), "k") is not None
    advance(store, 2)
    assert store.get(("a",), "k") is not None


def test_refresh_on_read_uses_the_item_s_own_ttl(open_store: Callable[..., LGStore], advance: Advance) -> None:
    store = open_store(ttl={"default_ttl": 60})
    store.put(("a",), "k", {}, ttl=1)
    store.get(("a",), "k")
    advance(store, 61)
    assert store.get(("a",), "k") is None


def test_gt_compares_numbers_as_numbers(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root,), str(n), {"n": n}) for n in (1, 9, 10, 100)])
    assert set(keys(anywhere.search((root,), filter={"n": {"$gt": 9}}))) == {"10", "100"}


def test_gt_on_an_item_without_the_field_is_no_match(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "without", {})
    anywhere.put((root,), "null", {"n": None})
    anywhere.put((root,), "with", {"n": 10})
    assert keys(anywhere.search((root,), filter={"n": {"$gt": 9}})) == ["with"]


def test_pages_of_items_of_one_batch_don_t_overlap(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root,), f"{n}", {}) for n in range(95)])
    paged = [key for at in range(0, 100, 10) for key in keys(anywhere.search((root,), limit=10, offset=at))]
    assert len(paged) == len(set(paged)) == 95


def test_pages_of_a_ranked_search_are_complete(ranked: LGStore) -> None:
    ranked.batch([PutOp(("a",), f"{n:02}", {"text": "a" * (n + 1) + "b"}) for n in range(30)])
    paged = [key for at in range(0, 30, 5) for key in keys(ranked.search(("a",), query="a", limit=5, offset=at))]
    assert paged == [f"{n:02}" for n in reversed(range(30))]


def test_fields_of_the_index_are_honoured(ranked: LGStore) -> None:
    ranked.put(("a",), "text", {"text": "aaa", "noise": "jjj"})
    [hit] = ranked.search(("a",), query="a")
    assert hit.score == pytest.approx(1)


def test_the_same_text_twice_in_a_batch(ranked: LGStore) -> None:
    ranked.batch([PutOp(("a",), "one", {"text": "abc"}), PutOp(("a",), "two", {"text": "abc"})])
    assert keys(ranked.search(("a",), query="abc")) == ["one", "two"]


def test_prefixes_end_at_labels(anywhere: LGStore, root: str) -> None:
    anywhere.put((root, "u1"), "mine", {})
    anywhere.put((root, "u10"), "theirs", {})
    assert keys(anywhere.search((root, "u1"))) == ["mine"]


def test_a_prefix_sees_all_its_namespaces(store: LGStore) -> None:
    store.batch([PutOp(("many", str(n)), "k", {}) for n in range(300)])
    assert len(store.search(("many",), limit=1000)) == 300
    assert len(store.list_namespaces(prefix=("many",), limit=1000)) == 300


def test_listings_see_everything_with_depth_and_wildcards(store: LGStore) -> None:
    store.batch([PutOp(("a", str(n), "deep"), "k", {}) for n in range(50)])
    assert len(store.list_namespaces(prefix=("a",))) == 50
    assert store.list_namespaces(max_depth=1) == [("a",)]
    assert len(store.list_namespaces(prefix=("*", "7"), suffix=("*",))) == 1


def test_filters_are_applied_before_the_limit_and_operators_count(store: LGStore) -> None:
    store.batch([PutOp(("a",), f"{n:03}", {"n": n}) for n in range(200)])
    assert len(store.search(("a",), filter={"n": {"$lt": 8}})) == 8
    assert keys(store.search(("a",), filter={"n": {"$gte": 5, "$lt": 6}})) == ["005"]


def test_floats_keep_their_last_digit(anywhere: LGStore, root: str) -> None:
    rnd = random.Random(1)
    floats = [rnd.random() * 10 ** rnd.randint(-300, 300) for _ in range(2000)]
    anywhere.put((root,), "k", {"floats": floats})
    assert anywhere.get((root,), "k").value["floats"] == floats


def test_a_hundred_gets_return_a_hundred_items(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root,), str(n), {"n": n}) for n in range(300)])
    got = anywhere.batch([GetOp((root,), str(n)) for n in range(100)])
    assert [item.value["n"] for item in got] == list(range(100))

    async def scenario() -> list[Any]:
        return await asyncio.gather(*(anywhere.aget((root,), str(n)) for n in range(300)))

    assert [item.value["n"] for item in asyncio.run(scenario())] == list(range(300))


def test_namespaces_and_keys_are_case_sensitive(anywhere: LGStore, root: str) -> None:
    anywhere.put((root, "A"), "K", {"n": 1})
    anywhere.put((root, "a"), "k", {"n": 2})
    assert anywhere.get((root, "A"), "k") is None
    assert anywhere.get((root, "a"), "k").value == {"n": 2}
    assert keys(anywhere.search((root, "A"))) == ["K"]


def test_created_at_is_kept_and_times_are_exact_and_aware(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1})
    created = anywhere.get((root,), "k").created_at
    anywhere.put((root,), "k", {"n": 2})
    item = anywhere.get((root,), "k")
    assert item.created_at == created < item.updated_at
    assert item.updated_at.tzinfo is not None
    anywhere.put((root,), "later", {})
    assert keys(anywhere.search((root,))) == ["later", "k"]


def test_supports_ttl_is_true(store: LGStore) -> None:
    assert store.supports_ttl is True


def test_nul_in_strings(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "a\0b", {"x\0y": "\0"})
    assert anywhere.get((root,), "a\0b").value == {"x\0y": "\0"}


def test_integers_over_64_bits(anywhere: LGStore, root: str) -> None:
    value = {"n": 2**64, "m": -(2**70), "l": [10**100]}
    anywhere.put((root,), "k", value)
    assert anywhere.get((root,), "k").value == value


def test_dotted_filters_lists_in_eq_and_objects(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "dotted", {"a.b": 1})
    anywhere.put((root,), "nested", {"a": {"b": 1, "c": 2}})
    anywhere.put((root,), "list", {"l": [1, 2]})
    assert keys(anywhere.search((root,), filter={"a.b": 1})) == ["dotted"]
    assert keys(anywhere.search((root,), filter={"l": {"$eq": [1, 2]}})) == ["list"]
    assert keys(anywhere.search((root,), filter={"a": {"b": 1}})) == ["nested"]


def test_emptied_namespaces_are_not_listed_and_values_not_shared(store: LGStore) -> None:
    mine = {"list": []}
    store.put(("a",), "k", mine)
    mine["list"].append(1)
    assert store.get(("a",), "k").value == {"list": []}
    store.delete(("a",), "k")
    assert store.list_namespaces() == []


@pytest.mark.parametrize("namespace", [(), ("langgraph", "x"), ("a.b",)])
def test_batches_check_namespaces(store: LGStore, namespace: tuple[str, ...]) -> None:
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("good",), "k", {}), PutOp(namespace, "k", {})])
    with pytest.raises(InvalidNamespaceError):
        asyncio.run(store.abatch([PutOp(namespace, "k", {})]))
    assert store.list_namespaces() == []


def test_nothing_of_a_refused_batch_is_stored(store: LGStore) -> None:
    with pytest.raises(ValueError, match="Unsupported operator"):
        store.batch([PutOp(("a",), "first", {}), SearchOp(("a",), {"n": {"$bad": 1}})])
    assert store.get(("a",), "first") is None


def test_ranked_search_needs_no_extension_of_python(ranked: LGStore) -> None:
    assert sqlite3.sqlite_version  # Python's own, whose extensions may be turned off: nothing of it is used
    ranked.put(("a",), "k", {"text": "abc"})
    assert keys(ranked.search(("a",), query="abc")) == ["k"]


def test_scores_are_similarities(ranked: LGStore) -> None:
    ranked.put(("a",), "same", {"text": "abc"})
    ranked.put(("a",), "other", {"text": "def"})
    assert [one.score for one in ranked.search(("a",), query="abc")] == [pytest.approx(1), 0.0]


def test_a_new_file_is_set_up_by_itself(tmp_path: Path) -> None:
    with LGStore.from_conn_string(f"file:{tmp_path}/new.db") as store:
        store.setup()
        store.setup()
        store.put(("a",), "k", {})
    with LGStore.from_conn_string(f"file:{tmp_path}/new.db") as store:
        assert keys(store.search(())) == ["k"]
