"""Conditional writes."""

from __future__ import annotations

import threading

import pytest
from conftest import ACCEPTING, PLACE

import lgstore
from lgstore import Item, Store


def value_of(store: Store) -> object:
    item = store.get(PLACE, "k")
    return None if item is None else item.value


def test_put_if_absent_and_update_if_exists(store: Store) -> None:
    assert not store.update_if_exists(PLACE, "k", {"n": 0})
    first = store.put_if_absent(PLACE, "k", {"n": 1})
    assert first.applied
    assert first.current is None
    second = store.put_if_absent(PLACE, "k", {"n": 2}, ttl=60)
    assert not second
    assert second.version is None
    assert second.current is not None
    assert (second.current.value, second.current.version) == ({"n": 1}, first.version)
    assert store.update_if_exists(PLACE, "k", {"n": 3})
    assert value_of(store) == {"n": 3}


def test_compare_and_set(store: Store) -> None:
    store.put(PLACE, "k", {"n": 1})
    item = store.get(PLACE, "k")
    assert item is not None
    assert store.compare_and_set(PLACE, "k", {"n": 2}, expected_version=item.version)
    assert not store.compare_and_set(PLACE, "k", {"n": 3}, expected_version=item.version)
    assert store.compare_and_set(PLACE, "k", {"n": 3}, expected_value={"n": 2.0})
    assert not store.compare_and_set(PLACE, "absent", {}, expected_value={})
    with pytest.raises(lgstore.ValidationError):
        store.compare_and_set(PLACE, "k", {})
    with pytest.raises(TypeError, match=r"expected_value\.a: set"):
        store.compare_and_set(PLACE, "k", {}, expected_value={"a": {1}})


def test_conditional_deletes(store: Store) -> None:
    assert not store.delete_if_exists(PLACE, "k")
    store.put(PLACE, "k", {"n": 1})
    kept = store.delete_if_value(PLACE, "k", expected_value={"n": 2})
    assert kept.current is not None
    assert not store.delete_if_value(PLACE, "other", expected_version=kept.current.version)
    assert store.delete_if_value(PLACE, "k", expected_version=kept.current.version)
    store.put(PLACE, "k", {"n": 1})
    assert store.delete_if_exists(PLACE, "k")
    assert value_of(store) is None


def test_updates_of_many_threads_all_count() -> None:
    def more(item: Item | None) -> dict[str, int]:
        return {"n": 1 + (item.value["n"] if item else 0)}

    with Store(ACCEPTING) as store:
        threads = [
            threading.Thread(target=lambda: [store.update(PLACE, "k", more) for _ in range(50)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert value_of(store) == {"n": 200}
