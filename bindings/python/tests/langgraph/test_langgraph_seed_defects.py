"""Mistakes of the public code behind the founding documents (V1 to V31), as far as they concern a BaseStore.

Not here: V3, V4, V16 of profiles and breaker, V19 to V23, V25, V26 and V31 of clusters, secrets, metrics and limits
are the core's or the guide's facade's, and tested there.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, MatchCondition, PutOp, SearchOp

from lgstore import LgstoreError
from lgstore.langgraph import LGStore

Advance = Callable[[LGStore, float], None]


def embed(texts: list[str]) -> list[list[float]]:
    return [[float(text.count(letter)) for letter in "abcdefghij"] for text in texts]


@pytest.fixture
def ranked(open_store: Callable[..., LGStore]) -> LGStore:
    return open_store(index={"embed": embed, "fields": ["text"]})


def test_v1_prefixes_don_t_cross_labels(anywhere: LGStore, root: str) -> None:
    anywhere.put((root, "users"), "mine", {})
    anywhere.put((root, "users2"), "theirs", {})
    anywhere.put((root, "users\uffff"), "odd", {})
    assert [one.key for one in anywhere.search((root, "users"))] == ["mine"]


def test_v2_searches_are_sorted_by_recency(anywhere: LGStore, root: str) -> None:
    for key in ("b", "a", "c"):
        anywhere.put((root, key), key, {})
    assert [one.key for one in anywhere.search((root,), limit=2)] == ["c", "a"]


def test_v5_none_in_a_batch_deletes(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {})
    anywhere.batch([PutOp((root,), "k", None)])
    assert anywhere.get((root,), "k") is None
    assert anywhere.search((root,)) == []


def test_v6_batched_gets_of_items_with_a_ttl(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1}, ttl=60)
    [item] = anywhere.batch([GetOp((root,), "k", True)])
    assert item.value == {"n": 1}


def test_v7_batched_listings_with_conditions_and_wildcards(anywhere: LGStore, root: str) -> None:
    anywhere.put((root, "a", "x"), "k", {})
    anywhere.put((root, "b", "y"), "k", {})
    conditions = (MatchCondition("prefix", (root, "*")), MatchCondition("suffix", ("x",)))
    assert anywhere.batch([ListNamespacesOp(conditions)]) == [[(root, "a", "x")]]


def test_v8_mixed_batches_report_failures_and_read_before_they_write(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1})
    got = anywhere.batch([PutOp((root,), "k", {"n": 2}), GetOp((root,), "k")])
    assert got[1].value == {"n": 1}
    failing = LGStore({"backend": "fault", "fault": {"fail_every": 1}})
    with pytest.raises(LgstoreError):
        failing.batch([PutOp(("a",), "k", {}), GetOp(("a",), "k")])
    failing.close()


def test_v9_ttl_is_in_minutes(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {}, ttl=2)
    item = anywhere.get_versioned((root,), "k")
    assert (item.expires_at - item.updated_at).total_seconds() == pytest.approx(120, abs=1.5)


def test_v10_a_refresh_changes_neither_value_nor_times_nor_loses_writes(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {"n": 1}, ttl=1)
    before = store.get_versioned(("a",), "k", refresh_ttl=False)
    advance(store, 30)
    store.get(("a",), "k")
    advance(store, 1)  # a refresh comes after its answer, but before this
    after = store.get_versioned(("a",), "k", refresh_ttl=False)
    assert (after.value, after.created_at, after.updated_at, after.version) == (
        before.value,
        before.created_at,
        before.updated_at,
        before.version,
    )
    assert after.expires_at > before.expires_at

    async def scenario() -> None:
        for n in range(50):
            await asyncio.gather(store.aget(("a",), "k"), store.aput(("a",), "k", {"n": n}, ttl=1))
            assert (await store.aget(("a",), "k")).value == {"n": n}

    asyncio.run(scenario())


def test_v11_created_at_survives_overwrites(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1})
    created = anywhere.get((root,), "k").created_at
    asyncio.run(anywhere.abatch([PutOp((root,), "k", {"n": 2})]))
    assert anywhere.get((root,), "k").created_at == created


def test_v12_a_put_has_its_vectors_when_it_returns_and_tells_failures(ranked: LGStore) -> None:
    async def scenario() -> None:
        for n in range(20):
            await ranked.aput(("a",), str(n), {"text": "abc"})
            assert len(await ranked.asearch(("a",), query="abc", limit=100)) == n + 1

    asyncio.run(scenario())
    vectors = ranked._ranked.vectors
    vectors.close()
    with pytest.raises(LgstoreError) as caught:
        ranked.put(("a",), "k", {"text": "abc"})
    assert caught.value.may_have_applied


def test_v13_no_ghosts_after_delete_expiry_and_conditional_writes(ranked: LGStore, advance: Advance) -> None:
    ranked.put(("a",), "deleted", {"text": "abc"})
    ranked.delete(("a",), "deleted")
    ranked.put(("a",), "expired", {"text": "abc"}, ttl=1)
    ranked.put(("a",), "replaced", {"text": "abc"})
    ranked.update_if_exists(("a",), "replaced", {"text": "def"}, index=False)
    advance(ranked, 61)
    assert ranked.search(("a",), query="abc") == []


def test_v14_small_tenants_are_found_among_big_ones(ranked: LGStore) -> None:
    ranked.batch([PutOp(("big",), str(n), {"text": "abc"}) for n in range(1500)])
    ranked.put(("small",), "mine", {"text": "def"})
    assert [one.key for one in ranked.search(("small",), query="abc")] == ["mine"]


def test_v15_labels_are_the_same_for_items_and_vectors(ranked: LGStore) -> None:
    ranked.put(("a b/c%2F:ü",), "k", {"text": "abc"})
    assert [one.key for one in ranked.search(("a b/c%2F:ü",), query="abc")] == ["k"]


def test_v16_concurrent_puts_embed_their_own_fields(ranked: LGStore) -> None:
    async def scenario() -> None:
        await asyncio.gather(
            *(ranked.aput(("a",), letter, {letter: letter * 3, "text": "j"}, index=[letter]) for letter in "abcdef")
        )

    asyncio.run(scenario())
    for letter in "abcdef":
        assert ranked.search(("a",), query=letter, limit=1)[0].key == letter
    ranked.put(("a",), "default", {"text": "jj"})
    assert ranked.search(("a",), query="j", limit=1)[0].key == "default"


def test_v17_values_compare_as_json(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"a": 1, "b": {"c": 2.0, "d": 3}})
    assert anywhere.compare_and_set((root,), "k", {}, expected_value={"b": {"d": 3, "c": 2}, "a": 1})
    assert anywhere.delete_if_value((root,), "k", expected_value={})


def test_v18_search_over_everything(store: LGStore) -> None:
    store.put(("a",), "k", {})
    assert [one.key for one in store.search(())] == ["k"]


def test_v24_batches_of_more_than_a_hundred(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root, str(n % 7)), str(n), {"n": n}) for n in range(500)])
    assert anywhere.count((root,)) == 500


def test_v27_the_root_langgraph_is_refused_on_put_only(store: LGStore) -> None:
    with pytest.raises(InvalidNamespaceError):
        store.put(("langgraph", "x"), "k", {})
    assert store.search(("langgraph",)) == []


def test_v28_operators_on_missing_fields_and_unknown_operators(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {})
    assert anywhere.search((root,), filter={"n": {"$gt": 1}}) == []
    with pytest.raises(ValueError, match="Unsupported operator"):
        anywhere.search((root,), filter={"n": {"$matches": 1}})


def test_v29_blocking_calls_inside_a_running_loop(anywhere: LGStore, root: str) -> None:
    async def scenario() -> None:
        anywhere.put((root,), "k", {"n": 1})
        assert anywhere.get((root,), "k").value == {"n": 1}
        assert anywhere.batch([SearchOp((root,))])[0][0].key == "k"

    asyncio.run(scenario())


def test_v30_the_key_value_store_needs_no_langgraph() -> None:
    script = "import sys, lgstore; assert not [m for m in sys.modules if m.split('.')[0].startswith('lang')]"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
