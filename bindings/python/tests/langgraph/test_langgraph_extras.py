"""What lgstore has beside LangGraph's interface."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.store.base import PutOp

from lgstore import Item, Outcome
from lgstore.langgraph import LGStore


def test_versions_change_with_every_write_and_with_nothing_else(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {"n": 1}, ttl=60)
    first = anywhere.get_versioned((root,), "k")
    assert isinstance(first, Item)
    assert first.updated_at == anywhere.get((root,), "k").updated_at
    assert first.expires_at is not None
    assert asyncio.run(anywhere.aget_versioned((root,), "k")).version == first.version
    anywhere.put((root,), "k", {"n": 1})
    second = anywhere.get_versioned((root,), "k")
    assert second.version != first.version
    assert second.expires_at is None
    assert anywhere.get_versioned((root,), "none") is None


def test_conditional_writes(anywhere: LGStore, root: str) -> None:
    place = ((root,), "k")
    outcome = anywhere.put_if_absent(*place, {"n": 1})
    assert isinstance(outcome, Outcome)
    assert outcome
    assert outcome.version == anywhere.get_versioned(*place).version
    refused = anywhere.put_if_absent(*place, {"n": 2})
    assert not refused
    assert (refused.applied, refused.current.value) == (False, {"n": 1})
    assert refused.current.version == outcome.version
    changed = anywhere.compare_and_set(*place, {"n": 2}, expected_version=outcome.version)
    assert changed
    assert not anywhere.compare_and_set(*place, {"n": 3}, expected_version=outcome.version)
    assert anywhere.compare_and_set(*place, {"n": 3, "m": 4}, expected_value={"n": 2.0})
    assert anywhere.update_if_exists(*place, {"n": 5})
    assert not anywhere.delete_if_value(*place, expected_value={"n": 4})
    assert anywhere.delete_if_value(*place, expected_value={"n": 5})
    assert not anywhere.update_if_exists(*place, {"n": 6})
    assert not anywhere.delete_if_exists(*place)
    anywhere.put(*place, {"n": 7})
    assert anywhere.delete_if_exists(*place)
    assert anywhere.get(*place) is None


def test_conditional_writes_of_coroutines(store: LGStore) -> None:
    async def scenario() -> None:
        place = (("a",), "k")
        created = await store.aput_if_absent(*place, {"n": 1})
        assert not await store.aput_if_absent(*place, {"n": 2})
        assert await store.acompare_and_set(*place, {"n": 2}, expected_version=created.version)
        assert await store.aupdate_if_exists(*place, {"n": 3})
        assert not await store.adelete_if_value(*place, expected_value={"n": 4})
        assert await store.adelete_if_exists(*place)

    asyncio.run(scenario())


def test_a_counter_loses_nothing(anywhere: LGStore, root: str) -> None:
    async def count_up(times: int) -> None:
        for _ in range(times):
            while True:
                current = await anywhere.aget_versioned((root,), "counter")
                n = current.value["n"] + 1
                if await anywhere.acompare_and_set((root,), "counter", {"n": n}, expected_version=current.version):
                    break

    async def scenario() -> None:
        await anywhere.aput((root,), "counter", {"n": 0})
        await asyncio.gather(*(count_up(5) for _ in range(4)))

    asyncio.run(scenario())
    assert anywhere.get((root,), "counter").value == {"n": 20}


@pytest.mark.parametrize("expected", [{}, {"expected_version": "x", "expected_value": {}}])
def test_exactly_one_thing_is_expected(store: LGStore, expected: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        store.compare_and_set(("a",), "k", {}, **expected)
    with pytest.raises(ValueError, match="exactly one"):
        store.delete_if_value(("a",), "k", **expected)


def test_pages_by_cursor_neither_skip_nor_double_while_others_write(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root,), f"{n:03}", {"n": n}) for n in range(50)])
    seen: list[str] = []
    cursor = None
    while True:
        page = anywhere.search_page((root,), limit=7, order="key", cursor=cursor)
        seen += [one.key for one in page.items]
        anywhere.put((root,), f"{seen[-1]}+", {})  # right behind what was read
        anywhere.delete((root,), seen[0])
        cursor = page.cursor
        if cursor is None:
            break
    assert [key for key in seen if "+" not in key] == [f"{n:03}" for n in range(50)]
    assert len(seen) == len(set(seen))
    assert len(seen) > 50


def test_iterators_give_everything(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root, f"{n % 3}"), f"{n:03}", {"n": n}) for n in range(100)])
    assert len(list(anywhere.iter_search((root,), page_size=7))) == 100
    assert [one.key for one in anywhere.iter_search((root, "1"), filter={"n": {"$lt": 8}})] == ["001", "004", "007"]
    assert list(anywhere.iter_namespaces(prefix=(root,), page_size=2)) == [(root, "0"), (root, "1"), (root, "2")]

    async def scenario() -> None:
        assert len([one async for one in anywhere.aiter_search((root,), page_size=30)]) == 100
        namespaces = [one async for one in anywhere.aiter_namespaces(prefix=(root,), page_size=1)]
        assert namespaces == [(root, "0"), (root, "1"), (root, "2")]

    asyncio.run(scenario())


@pytest.mark.parametrize("order", ["key", "key desc", "updated_at", "created_at desc"])
def test_orders(store: LGStore, order: str) -> None:
    for key in ("b", "a", "c"):
        store.put(("a",), key, {})
    wanted = {"key": "abc", "key desc": "cba", "updated_at": "bac", "created_at desc": "cab"}[order]
    assert "".join(one.key for one in store.iter_search(("a",), order=order, page_size=2)) == wanted


def test_delete_prefix_and_count(anywhere: LGStore, root: str) -> None:
    anywhere.batch([PutOp((root, f"{n % 3}"), str(n), {"n": n}) for n in range(30)])
    assert anywhere.count((root,)) == 30
    assert anywhere.count((root,), filter={"n": {"$gte": 20}}) == 10
    assert anywhere.delete_prefix((root, "1")) == 10
    assert anywhere.delete_prefix((root,), filter={"n": {"$lt": 6}}) == 4
    assert asyncio.run(anywhere.acount((root,))) == 16
    assert asyncio.run(anywhere.adelete_prefix((root,))) == 16


def test_health_and_metrics(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "k", {})
    assert anywhere.health().status == "healthy"
    assert asyncio.run(anywhere.ahealth(write=True)).status == "healthy"
    assert "put" in str(anywhere.metrics())
