"""Searches, listings, cursors."""

from __future__ import annotations

import pytest
from conftest import Run

import lgstore
from lgstore import Store


@pytest.fixture
def filled(store: Store) -> Store:
    """25 items in 5 namespaces."""
    for n in range(25):
        store.put(("users", str(n % 5), "facts"), f"{n:02}", {"n": n, "odd": n % 2 == 1})
    return store


def test_a_search_finds_filters_and_orders(filled: Store) -> None:
    assert len(filled.search()) == 10
    assert [item.key for item in filled.search(("users", "1"), order="key")] == ["01", "06", "11", "16", "21"]
    assert [item.key for item in filled.search((), filter={"n": {"$gte": 23}}, order="key")] == ["23", "24"]
    latest = filled.search((), order="updated_at desc", limit=3, offset=1)
    assert [item.key for item in latest] == ["23", "22", "21"]
    assert filled.search(limit=0) == []
    assert filled.count((), filter={"odd": True}) == 12


def test_pages_join_to_the_whole(filled: Store) -> None:
    whole = [item.key for item in filled.search(limit=100, order="key")]
    assert len(whole) == 25
    for size in (1, 7, 25, 26):
        assert [item.key for item in filled.iter_search((), order="key", page_size=size)] == whole
    assert [item.key for item in filled.iter_search((), order="key", limit=8, offset=3, page_size=5)] == whole[3:11]
    first = filled.search_page((), order="key", limit=20)
    rest = filled.search_page((), order="key", limit=20, cursor=first.cursor)
    assert [item.key for item in first.items + rest.items] == whole
    assert rest.cursor is None
    with pytest.raises(lgstore.ValidationError) as caught:
        filled.search_page((), order="updated_at", cursor=first.cursor)
    assert caught.value.field == "cursor"


def test_pages_for_coroutines(filled: Store, run: Run) -> None:
    async def main() -> list[str]:
        return [item.key async for item in filled.aiter_search((), order="key", page_size=4)]

    assert run(main()) == [item.key for item in filled.search(limit=100, order="key")]


def test_namespaces(filled: Store) -> None:
    everything = [("users", str(n), "facts") for n in range(5)]
    assert filled.list_namespaces() == everything
    assert list(filled.iter_namespaces(page_size=2)) == everything
    assert filled.list_namespaces(prefix=("users", "3")) == [everything[3]]
    assert filled.list_namespaces(suffix=["*", "facts"], limit=2, offset=1) == everything[1:3]
    assert filled.list_namespaces(max_depth=1) == [("users",)]
    with pytest.raises(lgstore.ValidationError) as caught:
        filled.list_namespaces(max_depth=0)
    assert caught.value.field == "max_depth"


def test_a_prefix_is_deleted(filled: Store) -> None:
    assert filled.delete_prefix(("users", "1"), filter={"odd": True}) == 3
    assert filled.delete_prefix(("users", "1")) == 2
    assert filled.count() == 20
