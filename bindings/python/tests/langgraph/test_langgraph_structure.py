"""Where LangGraph's stores disagree about structure, order and bounds: what this one does.

The rows are those of docs/langgraph-compatibility.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp

import lgstore
from lgstore.langgraph import InvalidNamespaceError, LGStore

Advance = Callable[[LGStore, float], None]


def keys(found: list) -> list[str]:
    return [one.key for one in found]


def test_order_without_query_is_the_last_written_first(anywhere: LGStore, root: str) -> None:
    for key in "abc":
        anywhere.put((root,), key, {})
    anywhere.put((root,), "a", {"again": True})
    assert keys(anywhere.search((root,))) == ["a", "c", "b"]
    assert keys(asyncio.run(anywhere.asearch((root,)))) == ["a", "c", "b"]
    assert keys(anywhere.batch([SearchOp((root,))])[0]) == ["a", "c", "b"]


def test_pages_of_items_of_one_batch_neither_overlap_nor_skip(anywhere: LGStore, root: str) -> None:
    wanted = {f"k{number:02}" for number in range(95)}
    anywhere.batch([PutOp((root,), key, {}) for key in wanted])
    paged = [one for at in range(0, 100, 10) for one in keys(anywhere.search((root,), limit=10, offset=at))]
    assert len(paged) == 95
    assert set(paged) == wanted


def test_order_of_namespaces_is_by_label(anywhere: LGStore, root: str) -> None:
    for path in [("a-b",), ("a", "b"), ("B",), ("b",), ("é",), ("a",)]:
        anywhere.put((root, *path), "k", {})
    wanted = [("B",), ("a",), ("a", "b"), ("a-b",), ("b",), ("é",)]
    assert [ns[1:] for ns in anywhere.list_namespaces(prefix=(root,))] == wanted
    pages = [ns for at in range(6) for ns in anywhere.list_namespaces(prefix=(root,), limit=1, offset=at)]
    assert [ns[1:] for ns in pages] == wanted


@pytest.mark.parametrize("bounds", [{"limit": -1}, {"offset": -1}, {"limit": None}, {"offset": None}, {"limit": "5"}])
@pytest.mark.parametrize("call", ["search", "list_namespaces"])
def test_bounds_that_make_no_sense_are_refused_by_name(store: LGStore, bounds: dict, call: str) -> None:
    store.put(("a",), "k", {})
    [name] = bounds
    do: Callable = store.list_namespaces if call == "list_namespaces" else lambda **more: store.search((), **more)
    with pytest.raises(ValueError, match=name) as caught:
        do(**bounds)
    assert caught.value.field == name


def test_limits_and_offsets_beyond_the_data(store: LGStore) -> None:
    store.batch([PutOp(("a",), str(number), {}) for number in range(5)])
    assert store.search(("a",), limit=0) == []
    assert len(store.search(("a",), limit=1000)) == 5
    assert store.search(("a",), offset=5) == []
    assert store.list_namespaces(limit=0) == []
    assert store.list_namespaces(offset=1) == []
    assert len(store.search(("a",), limit=3, offset=3)) == 2


@pytest.mark.parametrize("depth", [0, -1])
def test_max_depth_below_one_is_refused(store: LGStore, depth: int) -> None:
    with pytest.raises(ValueError, match="max_depth"):
        store.list_namespaces(max_depth=depth)


def test_max_depth_truncates_then_merges_then_pages(anywhere: LGStore, root: str) -> None:
    for path in [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "d", "i"), ("a", "b", "f"), ("a", "c", "f")]:
        anywhere.put((root, *path), "k", {})
    found = anywhere.list_namespaces(prefix=(root, "a", "b"), max_depth=4)
    assert [ns[1:] for ns in found] == [("a", "b", "c"), ("a", "b", "d"), ("a", "b", "f")]
    assert anywhere.list_namespaces(prefix=(root,), max_depth=2) == [(root, "a")]
    assert anywhere.list_namespaces(prefix=(root,), max_depth=3, limit=1, offset=1) == [(root, "a", "c")]


def test_wildcards_stand_for_one_label_in_listings_only(anywhere: LGStore, root: str) -> None:
    for path in [("a", "x"), ("b", "x"), ("b", "c", "x"), ("*", "y")]:
        anywhere.put((root, *path), "k", {})
    found = anywhere.list_namespaces(prefix=(root, "*"), suffix=("x",))
    assert [ns[1:] for ns in found] == [("a", "x"), ("b", "c", "x"), ("b", "x")]
    assert [ns[1:] for ns in anywhere.list_namespaces(prefix=(root, "*", "x"))] == [("a", "x"), ("b", "x")]
    assert [one.namespace[1:] for one in anywhere.search((root, "*"))] == [("*", "y")]


def test_conditions_are_anded_and_may_overlap(store: LGStore) -> None:
    store.put(("a",), "k", {})
    store.put(("a", "b"), "k", {})
    assert store.list_namespaces(prefix=("a",), suffix=("a",)) == [("a",)]
    both = (MatchCondition("prefix", ("a",)), MatchCondition("prefix", ("*", "b")))
    assert store.batch([ListNamespacesOp(both)])[0] == [("a", "b")]
    assert store.batch([ListNamespacesOp((MatchCondition("prefix", ()),))])[0] == [("a",), ("a", "b")]


def test_prefixes_end_at_labels(anywhere: LGStore, root: str) -> None:
    for path in [("u1",), ("u10",), ("u1", "x"), ("u1%",), ("u_",)]:
        anywhere.put((root, *path), "k", {"path": path})
    assert {one.namespace[1:] for one in anywhere.search((root, "u1"))} == {("u1",), ("u1", "x")}
    assert [one.namespace[1:] for one in anywhere.search((root, "u_"))] == [("u_",)]
    assert {ns[1:] for ns in anywhere.list_namespaces(prefix=(root, "u1"))} == {("u1",), ("u1", "x")}
    assert anywhere.count((root, "u1")) == 2


def test_namespaces_without_items_are_not_listed(anywhere: LGStore, root: str) -> None:
    anywhere.get((root, "read"), "k")
    anywhere.search((root, "searched"))
    anywhere.put((root, "emptied"), "k", {})
    anywhere.delete((root, "emptied"), "k")
    anywhere.delete((root, "never"), "k")
    assert anywhere.list_namespaces(prefix=(root,)) == []


def test_namespaces_whose_items_have_expired_are_not_listed(store: LGStore, advance: Advance) -> None:
    store.put(("a",), "k", {}, ttl=1)
    advance(store, 61)
    assert store.list_namespaces() == []


def test_search_over_everything(store: LGStore) -> None:
    store.put(("a",), "k", {})
    store.put(("b", "c"), "k", {})
    assert {one.namespace for one in store.search(())} == {("a",), ("b", "c")}


def test_unknown_match_types_are_refused(store: LGStore) -> None:
    with pytest.raises(ValueError, match="match_type"):
        store.batch([ListNamespacesOp((MatchCondition("infix", ("a",)),))])


def test_reads_of_a_batch_see_the_state_before_it(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 0})
    ops = [PutOp((root,), "k", {"n": 1}), GetOp((root,), "k"), SearchOp((root,)), PutOp((root,), "k", {"n": 2})]
    got = anywhere.batch(ops)
    assert (got[1].value, [one.value for one in got[2]]) == ({"n": 0}, [{"n": 0}])
    assert anywhere.get((root,), "k").value == {"n": 2}


@pytest.mark.parametrize("last", [None, {"n": 9}])
def test_of_several_puts_of_one_item_the_last_counts(anywhere: LGStore, root: str, last: dict | None) -> None:
    anywhere.batch([PutOp((root,), "k", {"n": 1}), PutOp((root,), "k", None), PutOp((root,), "k", last)])
    found = anywhere.get((root,), "k")
    assert (found and found.value) == last


def test_created_at_stays_when_an_item_is_overwritten(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1})
    first = anywhere.get((root,), "k")
    anywhere.put((root,), "k", {"n": 2})
    second = anywhere.get((root,), "k")
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    anywhere.delete((root,), "k")
    anywhere.put((root,), "k", {"n": 3})
    third = anywhere.get((root,), "k")
    assert third.created_at > first.created_at


def test_times_are_aware_and_exact_to_the_microsecond(store: LGStore) -> None:
    times = []
    for number in range(50):
        store.put(("a",), str(number), {})
        times.append(store.get(("a",), str(number)).updated_at)
    assert times == sorted(times)
    assert all(time.tzinfo is not None for time in times)
    assert any(time.microsecond % 1000 for time in times)


def test_values_are_copied_both_ways(store: LGStore) -> None:
    mine = {"list": [1], "deep": {"a": {"b": 1}}}
    store.put(("a",), "k", mine)
    mine["list"].append(2)
    mine["deep"]["a"]["b"] = 2
    got = store.get(("a",), "k")
    got.value["list"].append(3)
    [found] = store.search(("a",))
    found.value["deep"]["new"] = 1
    assert store.get(("a",), "k").value == {"list": [1], "deep": {"a": {"b": 1}}}


def test_two_reads_of_one_tick_don_t_share_their_value(store: LGStore) -> None:
    store.put(("a",), "k", {"list": []})

    async def scenario() -> None:
        one, other = await asyncio.gather(store.aget(("a",), "k"), store.aget(("a",), "k"))
        one.value["list"].append(1)
        assert other.value == {"list": []}

    asyncio.run(scenario())


def test_sync_methods_work_inside_the_running_loop(store: LGStore) -> None:
    async def scenario() -> None:
        store.put(("a",), "k", {"n": 1})
        assert store.get(("a",), "k").value == {"n": 1}
        assert keys(store.search(("a",))) == ["k"]
        assert store.list_namespaces() == [("a",)]
        assert store.batch([GetOp(("a",), "k")])[0].key == "k"
        store.delete(("a",), "k")

    asyncio.run(scenario())


def test_what_is_awaited_one_after_the_other_is_seen(anywhere: LGStore, root: str) -> None:
    async def scenario() -> None:
        for number in range(20):
            await anywhere.aput((root,), "k", {"n": number})
            assert (await anywhere.aget((root,), "k")).value == {"n": number}

    asyncio.run(scenario())


@pytest.mark.parametrize("label", [["a"], {}, {"a"}, None, 5])
def test_labels_that_are_no_strings_are_refused_hashable_or_not(store: LGStore, label: Any) -> None:
    namespace: Any = ("a", label)
    calls = [
        lambda: store.get(namespace, "k"),
        lambda: store.put(namespace, "k", {}),
        lambda: store.delete(namespace, "k"),
        lambda: store.search(namespace),
        lambda: store.list_namespaces(prefix=namespace),
        lambda: store.batch([GetOp(namespace, "k")]),
        lambda: store.get([*namespace], "k"),
    ]
    for call in calls:
        with pytest.raises(InvalidNamespaceError, match="must be strings"):
            call()


def test_a_surrogate_in_a_label_is_named(store: LGStore) -> None:
    with pytest.raises(ValueError, match=r"^namespace\[1\]: .*surrogate"):
        store.get(("a", "\ud800"), "k")


def test_a_put_of_none_is_refused_where_a_put_is(store: LGStore) -> None:
    for namespace in (("langgraph",), ("langgraph", "x"), ()):
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", None)
        with pytest.raises(InvalidNamespaceError):
            asyncio.run(store.aput(namespace, "k", None))
    store.native.put(("langgraph",), "k", {})
    store.delete(("langgraph",), "k")  # what others have put there may be removed
    assert store.count() == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, 1.5, "5", b"5", 10**30])
def test_numbers_that_make_no_sense_are_refused_by_name(store: LGStore, value: Any) -> None:
    store.put(("a",), "k", {})
    calls: dict[str, Callable] = {
        "limit": lambda: store.search((), limit=value),
        "offset": lambda: store.search((), offset=value),
        "max_depth": lambda: store.list_namespaces(max_depth=value),
    }
    for name, call in calls.items():
        with pytest.raises(lgstore.ValidationError) as caught:
            call()
        assert caught.value.field == name
    for name in ("limit", "offset"):
        with pytest.raises(lgstore.ValidationError) as caught:
            store.list_namespaces(**{name: value})
        assert caught.value.field == name
