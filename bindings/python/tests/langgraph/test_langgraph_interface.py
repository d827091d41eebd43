"""LangGraph's interface to the letter, as the installed langgraph-checkpoint has it."""

from __future__ import annotations

import asyncio
import inspect
from datetime import datetime, timezone

import pytest
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)

import lgstore
from lgstore.langgraph import LGStore

METHODS = [
    f"{prefix}{name}" for name in ("get", "put", "delete", "search", "list_namespaces", "batch") for prefix in ("", "a")
]


@pytest.mark.parametrize("name", METHODS)
def test_signatures_are_those_of_base_store(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (LGStore, BaseStore))
    assert [(p.name, p.kind) for p in ours.parameters.values()] == [
        (p.name, p.kind) for p in theirs.parameters.values()
    ]
    for mine, other in zip(ours.parameters.values(), theirs.parameters.values(), strict=True):
        assert mine.default is other.default or mine.default == other.default
    assert inspect.iscoroutinefunction(getattr(LGStore, name)) == name.startswith("a")


def test_it_is_a_base_store_with_ttl(store: LGStore) -> None:
    assert isinstance(store, BaseStore)
    assert store.supports_ttl is True
    assert LGStore.supports_ttl is True
    assert store.ttl_config is None
    assert LGStore.__mro__.count(BaseStore) == 1


def test_get_gives_an_item(store: LGStore) -> None:
    before = datetime.now(timezone.utc)
    assert store.put(("a", "b"), "k", {"n": 1}) is None
    item = store.get(("a", "b"), "k")
    assert type(item) is Item
    assert (item.namespace, item.key, item.value) == (("a", "b"), "k", {"n": 1})
    assert type(item.namespace) is tuple
    assert item.created_at.tzinfo is not None
    assert item.created_at.utcoffset().total_seconds() == 0
    assert item.created_at == item.updated_at
    assert abs((item.created_at - before).total_seconds()) < 60
    assert store.get(("a", "b"), "other") is None


def test_search_gives_search_items_without_score(store: LGStore) -> None:
    store.put(("a",), "k", {"n": 1})
    [found] = store.search(("a",))
    assert type(found) is SearchItem
    assert found.score is None
    assert found == store.get(("a",), "k")
    assert store.search(("b",)) == []


def test_items_as_dicts_round_trip(store: LGStore) -> None:
    store.put(("a",), "k", {"n": 1})
    item = store.get(("a",), "k")
    assert Item(**item.dict()) == item


def test_batch_answers_in_the_order_of_its_operations(store: LGStore) -> None:
    store.put(("a",), "k", {"n": 0})
    ops = [
        GetOp(("a",), "k"),
        PutOp(("a",), "k", {"n": 1}),
        GetOp(("a",), "none"),
        PutOp(("a",), "k", {"n": 2}),
        GetOp(("a",), "k"),
        SearchOp(("a",)),
        ListNamespacesOp((MatchCondition("prefix", ("a",)),)),
    ]
    got = store.batch(op for op in ops)
    assert got[0].value == {"n": 0}
    assert got[1] is None
    assert got[2] is None
    assert got[3] is None
    assert got[4].value == {"n": 0}
    assert [(type(one), one.value) for one in got[5]] == [(SearchItem, {"n": 0})]
    assert got[6] == [("a",)]
    assert store.get(("a",), "k").value == {"n": 2}
    assert store.batch([]) == []
    assert asyncio.run(store.abatch(iter([]))) == []


def test_operations_by_position_have_the_fields_of_langgraph(store: LGStore) -> None:
    store.put(("a",), "k", {"n": 1})
    store.put(("a",), "l", {"n": 2})
    by_position = SearchOp(("a",), {"n": 1}, 5, 0, "text", False)
    assert [one.key for one in store.batch([by_position])[0]] == ["k"]
    assert store.batch([PutOp(("a",), "l", None)]) == [None]
    assert store.get(("a",), "l") is None
    assert store.batch([ListNamespacesOp()])[0] == [("a",)]
    assert store.batch([PutOp(("a",), "m", {"n": 3}, ["n"], 5.5)]) == [None]
    assert store.get_versioned(("a",), "m").expires_at is not None


def test_async_twins_answer_the_same(store: LGStore) -> None:
    async def scenario() -> None:
        assert await store.aput(("a",), "k", {"n": 1}) is None
        assert (await store.aget(("a",), "k")).value == {"n": 1}
        assert [one.key for one in await store.asearch(("a",), filter={"n": 1})] == ["k"]
        assert await store.alist_namespaces(prefix=("a",)) == [("a",)]
        assert (await store.abatch([GetOp(("a",), "k")]))[0].value == {"n": 1}
        assert await store.adelete(("a",), "k") is None
        assert await store.aget(("a",), "k") is None

    asyncio.run(scenario())


def test_put_of_none_deletes(store: LGStore) -> None:
    store.put(("a",), "k", {"n": 1})
    assert store.put(("a",), "k", None) is None
    assert store.get(("a",), "k") is None
    store.put(("a",), "k", {"n": 1})
    asyncio.run(store.aput(("a",), "k", None))
    assert store.get(("a",), "k") is None


def test_delete_of_an_absent_item_is_silent(store: LGStore) -> None:
    assert store.delete(("a",), "k") is None
    assert store.batch([PutOp(("a",), "k", None)]) == [None]


@pytest.mark.parametrize(("key", "kept"), [(5, "5"), (None, "None"), ("", ""), (".", "."), ("a\0b", "a\0b")])
def test_keys_are_made_strings_in_every_way_in(store: LGStore, key: object, kept: str) -> None:
    async def scenario() -> None:
        store.put(("a",), key, {"way": 1})
        assert (await store.aget(("a",), key)).value == {"way": 1}
        await store.aput(("a",), key, {"way": 2})
        assert store.get(("a",), kept).value == {"way": 2}
        await store.abatch([PutOp(("a",), key, {"way": 3})])
        assert store.batch([GetOp(("a",), key)])[0].key == kept
        await store.adelete(("a",), key)
        assert store.get(("a",), key) is None

    asyncio.run(scenario())


BAD = [
    (("a.b",), "Invalid namespace label 'a.b' found in ('a.b',). Namespace labels cannot contain periods ('.')."),
    (("a", ""), "Namespace labels cannot be empty strings. Got  in ('a', '')"),
    (("a", 5), "Invalid namespace label '5' found in ('a', 5). Namespace labels must be strings, but got int."),
    (
        ("a\0",),
        "Invalid namespace label 'a\0' found in ('a\\x00',). Namespace labels cannot contain NUL bytes ('\\x00').",
    ),
    (("langgraph", "a.b"), "Invalid namespace label 'a.b' found in ('langgraph', 'a.b')."),
]


@pytest.mark.parametrize(("namespace", "text"), BAD)
def test_bad_labels_are_refused_with_the_texts_of_langgraph(
    store: LGStore, namespace: tuple[str, ...], text: str
) -> None:
    calls = [
        lambda: store.put(namespace, "k", {}),
        lambda: store.get(namespace, "k"),
        lambda: store.delete(namespace, "k"),
        lambda: store.search(namespace),
        lambda: store.list_namespaces(prefix=namespace),
        lambda: store.list_namespaces(suffix=namespace),
        lambda: asyncio.run(store.aput(namespace, "k", {})),
        lambda: asyncio.run(store.aget(namespace, "k")),
        lambda: asyncio.run(store.asearch(namespace)),
        lambda: store.batch([GetOp(namespace, "k")]),
        lambda: store.batch([PutOp(namespace, "k", {})]),
        lambda: store.batch([SearchOp(namespace)]),
        lambda: store.batch([ListNamespacesOp((MatchCondition("prefix", namespace),))]),
        lambda: asyncio.run(store.abatch([PutOp(namespace, "k", None)])),
    ]
    for call in calls:
        with pytest.raises(InvalidNamespaceError) as caught:
            call()
        assert text in str(caught.value)
    assert store.list_namespaces() == []


def test_the_empty_namespace_and_the_root_of_langgraph(store: LGStore) -> None:
    for put in (
        lambda ns: store.put(ns, "k", {}),
        lambda ns: asyncio.run(store.aput(ns, "k", {})),
        lambda ns: store.batch([PutOp(ns, "k", {})]),
        lambda ns: store.put_if_absent(ns, "k", {}),
    ):
        with pytest.raises(InvalidNamespaceError, match=r"^Namespace cannot be empty\.$"):
            put(())
        with pytest.raises(InvalidNamespaceError, match='Root label for namespace cannot be "langgraph"'):
            put(("langgraph", "x"))
    assert store.get((), "k") is None
    assert store.get(("langgraph",), "k") is None
    assert store.delete(("langgraph",), "k") is None
    assert store.search(()) == []
    assert store.search(("langgraph",)) == []
    assert store.list_namespaces(prefix=()) == []
    # Others may have put there: the root is refused on put only.
    store.native.call("put", b'{"namespace":["langgraph"],"key":"k","value":{}}')
    assert store.get(("langgraph",), "k").value == {}
    assert store.list_namespaces(prefix=("langgraph",)) == [("langgraph",)]
    store.delete(("langgraph",), "k")
    assert store.get(("langgraph",), "k") is None


def test_delete_of_an_empty_namespace_is_refused_by_name(store: LGStore) -> None:
    with pytest.raises(ValueError, match="namespace"):
        store.delete((), "k")


def test_lists_are_as_good_as_tuples_and_strings_are_no_namespace(store: LGStore) -> None:
    store.put(["a", "b"], "k", {"n": 1})
    assert store.get(["a", "b"], "k").namespace == ("a", "b")
    assert [one.key for one in store.search(["a"])] == ["k"]
    assert store.list_namespaces(prefix=["a"], suffix=["b"]) == [("a", "b")]
    assert store.batch([ListNamespacesOp((MatchCondition("suffix", ["b"]),))])[0] == [("a", "b")]
    for call in (lambda: store.get("ab", "k"), lambda: store.put("ab", "k", {}), lambda: store.search("ab")):
        with pytest.raises(InvalidNamespaceError, match="must be a tuple of labels, but got str"):
            call()


def test_odd_labels_are_kept_exactly(anywhere: LGStore, root: str) -> None:
    labels = ["a b", "a/b", "a:b", "100%", "a_b", "a\\b", "a\nb", "ü\U0001f600", "A", "*", "'\""]
    for label in labels:
        anywhere.put((root, label), "k", {"label": label})
    assert sorted(ns[1] for ns in anywhere.list_namespaces(prefix=(root,))) == sorted(labels)
    for label in labels:
        [found] = anywhere.search((root, label))
        assert found.namespace == (root, label)
        assert anywhere.get((root, label), "k").value == {"label": label}


def test_unknown_operations_are_refused(store: LGStore) -> None:
    with pytest.raises(ValueError, match="Unknown operation type: <class 'str'>"):
        store.batch([PutOp(("a",), "k", {}), "get"])
    assert store.get(("a",), "k") is None


def test_searches_have_a_positional_prefix(store: LGStore) -> None:
    with pytest.raises(TypeError):
        store.search(namespace_prefix=("a",))


def test_an_own_store_stays_open(config: dict[str, object]) -> None:
    with lgstore.Store(config) as native:
        with LGStore(native) as store:
            store.put(("a",), "k", {"n": 1})
        assert LGStore(native).get(("a",), "k").value == {"n": 1}
