"""Where LangGraph's stores disagree about filters: what this one does, on every backend."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.store.base import PutOp, SearchOp

from lgstore.langgraph import LGStore

DATA: dict[str, dict[str, Any]] = {
    "i1": {"a": 1},
    "f1": {"a": 1.0},
    "s1": {"a": "1"},
    "t": {"a": True},
    "f": {"a": False},
    "i0": {"a": 0},
    "null": {"a": None},
    "miss": {},
    "i9": {"a": 9},
    "i10": {"a": 10},
    "sx": {"a": "x"},
    "l": {"a": ["x"]},
    "l2": {"a": ["x", "y"]},
    "o": {"a": {"b": 1}},
    "o2": {"a": {"b": 1, "c": 2}},
    "eo": {"a": {}},
    "el": {"a": []},
    "neg": {"a": -5},
}
ALL = set(DATA)
OBJECTS = {"o", "o2", "eo"}

ROWS = [
    ({"a": 1}, {"i1", "f1"}),
    ({"a": 1.0}, {"i1", "f1"}),
    ({"a": "1"}, {"s1"}),
    ({"a": True}, {"t"}),
    ({"a": False}, {"f"}),
    ({"a": 0}, {"i0"}),
    ({"a": None}, {"null"}),
    ({"a": ["x"]}, {"l"}),
    ({"a": ("x", "y")}, {"l2"}),
    ({"a": []}, {"el"}),
    ({"a": {"b": 1}}, {"o", "o2"}),
    ({"a": {}}, OBJECTS),
    ({"a": {"$eq": None}}, {"null"}),
    ({"a": {"$eq": ["x"]}}, {"l"}),
    ({"a": {"$eq": {"b": 1}}}, {"o"}),
    ({"a": {"$ne": 1}}, ALL - {"i1", "f1"}),
    ({"a": {"$ne": None}}, ALL - {"null"}),
    ({"a": {"$gt": 5}}, {"i9", "i10"}),
    ({"a": {"$gte": 9}}, {"i9", "i10"}),
    ({"a": {"$lt": 5}}, {"i1", "f1", "i0", "neg"}),
    ({"a": {"$lte": 0}}, {"i0", "neg"}),
    ({"a": {"$gt": "0"}}, {"s1", "sx"}),
    ({"a": {"$lt": None}}, set()),
    ({"a": {"$in": [1, "x"]}}, {"i1", "f1", "sx"}),
    ({"a": {"$nin": [1, "x"]}}, ALL - {"i1", "f1", "sx"}),
    ({"a": {"$exists": True}}, ALL - {"miss"}),
    ({"a": {"$exists": False}}, {"miss"}),
    ({"a": {"$gt": 0, "$lt": 10}}, {"i1", "f1", "i9"}),
    ({"$or": [{"a": 9}, {"a": "x"}]}, {"i9", "sx"}),
    ({"$and": [{"a": {"$gt": 0}}, {"a": {"$lt": 9}}]}, {"i1", "f1"}),
    ({"$not": {"a": {"$exists": True}}}, {"miss"}),
    ({}, ALL),
    (None, ALL),
]


@pytest.fixture
def filled(anywhere: LGStore, root: str) -> LGStore:
    anywhere.batch([PutOp((root,), key, value) for key, value in DATA.items()])
    return anywhere


def test_filters_match_what_the_table_says(filled: LGStore, root: str) -> None:
    for filter, wanted in ROWS:  # noqa: A001
        found = {one.key for one in filled.search((root,), filter=filter, limit=100)}
        assert found == wanted, filter
        [batched] = filled.batch([SearchOp((root,), filter, 100)])
        assert {one.key for one in batched} == wanted, filter
        assert filled.count((root,), filter=filter) == len(wanted), filter


@pytest.mark.parametrize(
    ("filter_", "text"),
    [
        ({"a": {"$regex": "x"}}, r"Unsupported operator: \$regex"),
        ({"a": {"$gt": 0, "b": 1}}, "operator"),
        ({"$nor": []}, r"Unsupported operator: \$nor"),
    ],
)
def test_unknown_operators_are_refused(store: LGStore, filter_: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        store.search((), filter=filter_)
    with pytest.raises(ValueError, match=text):
        store.batch([SearchOp((), filter_)])


def test_member_names_are_literal(anywhere: LGStore, root: str) -> None:
    anywhere.put((root,), "dot", {"a.b": 1})
    anywhere.put((root,), "deep", {"a": {"b": 1}})
    anywhere.put((root,), "odd", {'it\'s "odd" [0] $': 1})
    assert [one.key for one in anywhere.search((root,), filter={"a.b": 1})] == ["dot"]
    assert [one.key for one in anywhere.search((root,), filter={'it\'s "odd" [0] $': 1})] == ["odd"]


def test_integers_compare_exactly(anywhere: LGStore, root: str) -> None:
    big = 2**53
    for number in (big, big + 1, 2**64, 2**64 + 1, 10**30):
        anywhere.put((root,), str(number), {"n": number})
    assert [one.key for one in anywhere.search((root,), filter={"n": big + 1})] == [str(big + 1)]
    assert [one.key for one in anywhere.search((root,), filter={"n": 2**64 + 1})] == [str(2**64 + 1)]
    assert len(anywhere.search((root,), filter={"n": {"$gt": 2**64}})) == 2


def test_dates_as_text_compare_in_their_order(store: LGStore) -> None:
    for day in ("2024-01-31", "2024-03-01", "2024-11-09"):
        store.put(("a",), day, {"day": day})
    assert {one.key for one in store.search(("a",), filter={"day": {"$gt": "2024-03"}})} == {
        "2024-03-01",
        "2024-11-09",
    }


def test_filters_come_before_limits(store: LGStore) -> None:
    store.batch([PutOp(("a",), str(number), {"n": number}) for number in range(300)])
    found = store.search(("a",), filter={"n": {"$lt": 20}}, limit=15, offset=10)
    assert len(found) == 10


def test_member_names_are_paths_by_option(config: dict[str, Any]) -> None:
    with LGStore.from_conn_string(config, search={"filter_paths": True}) as store:
        store.put(("a",), "deep", {"a": {"b": [1, 2]}})
        store.put(("a",), "flat", {"a.b": [1, 2]})
        assert [one.key for one in store.search(("a",), filter={"a.b": [1, 2]})] == ["deep"]
        assert [one.key for one in store.search(("a",), filter={"a.b[1]": 2})] == ["deep"]
