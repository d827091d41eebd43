"""Where LangGraph's stores disagree about values: what this one does, on every backend."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest
from langgraph.store.base import PutOp

from lgstore.langgraph import LGStore


class Color(str, Enum):
    RED = "red"


@dataclass
class Point:
    x: int


KEPT = [
    {},
    {"n": None, "t": True, "f": False},
    {"nul": "x\0y", "x\0y": 1},
    {"big": 2**63, "bigger": 2**64, "biggest": 10**40, "negative": -(10**25)},
    {"floats": [1e22, -0.0, 0.1, 1.7976931348623157e308, 5e-324, 1 / 3]},
    {"z": 1, "a": 2, "m": {"y": 1, "b": 2}},
    {"text": 'ünï\U0001f600 \u2028 \\ " \n'},
    {"deep": [[[[{"a": [{}]}]]]]},
    {"": {"": ""}},
]


@pytest.mark.parametrize("value", KEPT, ids=range(len(KEPT)))
def test_values_come_back_as_they_were(anywhere: LGStore, root: str, value: dict[str, Any]) -> None:
    anywhere.put((root,), "k", value)
    got = anywhere.get((root,), "k").value
    assert got == value
    assert repr(got) == repr(value)  # types, signs and the order of members, too
    [found] = anywhere.search((root,))
    assert repr(found.value) == repr(value)


def test_tuples_are_arrays_and_mappings_objects(store: LGStore) -> None:
    store.put(("a",), "k", MappingProxyType({"t": (1, (2,)), "o": OrderedDict(b=1, a=2)}))
    assert store.get(("a",), "k").value == {"t": [1, [2]], "o": {"b": 1, "a": 2}}


REFUSED = [
    ({"a": [{"b": datetime(2024, 1, 1)}]}, TypeError, "a[0].b"),
    ({"a": {1, 2}}, TypeError, "a"),
    ({"a": Decimal("1")}, TypeError, "a"),
    ({"a": uuid.uuid4()}, TypeError, "a"),
    ({"a": b"x"}, TypeError, "a"),
    ({"a": {"c": Color.RED}}, TypeError, "a.c"),
    ({"a": Point(1)}, TypeError, "a"),
    ({"a": object()}, TypeError, "a"),
    ({"a": {1: 2}}, TypeError, "a"),
    ({1: 2}, TypeError, "1"),
    ({"a": [float("nan")]}, (TypeError, ValueError), "a[0]"),
    ({"a": float("inf")}, (TypeError, ValueError), "a"),
    ({"a": "\ud800"}, (TypeError, ValueError), "a"),
    ([1, 2], TypeError, "value"),
    ([("a", 1)], TypeError, "value"),
    ("text", TypeError, "value"),
    (5, TypeError, "value"),
]


@pytest.mark.parametrize(("value", "kind", "path"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_json_is_refused_with_its_path(
    store: LGStore, value: Any, kind: type[Exception], path: str
) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: store.put(("a",), "k", value),
        lambda: asyncio.run(store.aput(("a",), "k", value)),
        lambda: store.batch([PutOp(("a",), "good", {}), PutOp(("a",), "k", value)]),
        lambda: store.put_if_absent(("a",), "k", value),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            call()
        assert path in str(caught.value)
    assert store.count() == 0


def test_what_the_core_refuses_names_the_field(store: LGStore) -> None:
    with pytest.raises(ValueError, match="1000000"):
        store.put(("a",), "k", {"text": "x" * 1_000_001})
    with pytest.raises(ValueError, match="key"):
        store.put(("a",), "k" * 2000, {})
    with pytest.raises(ValueError, match="namespace"):
        store.put(("a",) * 11, "k", {})
    deep: dict[str, Any] = {}
    for _ in range(150):
        deep = {"d": deep}
    with pytest.raises(ValueError, match=r"nest|deep"):
        store.put(("a",), "k", deep)
    assert store.count() == 0
