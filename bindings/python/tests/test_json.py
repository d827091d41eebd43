"""Values come back as they were put, and what is not JSON is refused with its path."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import types
import uuid
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import pytest
from common import PLACE

import lgstore
from lgstore import Get, Search, Store, _json

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    """Not an enum."""


@dataclasses.dataclass
class User:
    name: str


cyclic: dict[str, Any] = {}
cyclic["self"] = cyclic


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"": "", "é": "\u0000\u2028 \U0001f600", "\n": '\\"/'},
        {"b": 1, "a": 2, "c": {"z": 1, "y": 2}},
        {"integers": [0, -1, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400]},
        {"floats": [0.1, -0.0, 1e22, 1e16, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1.0]},
        {"floats": [n / 7 for n in range(1536)]},
        {"mixed": [None, True, False, 1, 1.0, "1", [], {}, [[{}]]]},
        {"text": "x" * 999_900},
        {"deep": json.loads("[" * 126 + "]" * 126)},
    ],
)
def test_values_come_back(store: Store, value: dict[str, Any]) -> None:
    store.put(PLACE, "k", value)
    item = store.get(PLACE, "k")
    assert item is not None
    assert item.value == value
    # Equality says nothing of the order of members, of 1 and 1.0 and True, of -0.0.
    assert repr(item.value) == repr(value)
    [found] = store.search(PLACE)
    assert repr(found.value) == repr(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"t": (1, (2,))}, {"t": [1, [2]]}),
        ({"p": Point(1, 2)}, {"p": [1, 2]}),
        (OrderedDict(a=Text("x")), {"a": "x"}),
        ({Text("a"): True}, {"a": True}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
    ],
)
def test_relatives_of_the_built_in_types_are_accepted(store: Store, value: Any, plain: dict[str, Any]) -> None:
    store.put(PLACE, "k", value)
    item = store.get(PLACE, "k")
    assert item is not None
    assert repr(item.value) == repr(plain)


@pytest.mark.parametrize(
    ("value", "error", "path"),
    [
        ({"a": [1, {"b": datetime.datetime.now(datetime.timezone.utc)}]}, TypeError, "value.a[1].b: datetime"),
        ({"a": datetime.date.today()}, TypeError, "value.a: date"),
        ({"a": {1}}, TypeError, "value.a: set"),
        ({"a": frozenset()}, TypeError, "value.a: frozenset"),
        ({"a": decimal.Decimal(1)}, TypeError, "value.a: Decimal"),
        ({"a": uuid.uuid4()}, TypeError, "value.a: UUID"),
        ({"a": Colour.RED}, TypeError, "value.a: Colour"),
        ({"a": [Number.ONE]}, TypeError, "value.a[0]: Number"),
        ({"a": User("ada")}, TypeError, "value.a: User"),
        ({"a": b"x"}, TypeError, "value.a: bytes"),
        ({"a": bytearray()}, TypeError, "value.a: bytearray"),
        ({"a": 1j}, TypeError, "value.a: complex"),
        ({"a": object()}, TypeError, "value.a: object"),
        ({"a": types.MappingProxyType({})}, TypeError, "value.a: mappingproxy"),
        ({"a": {1: 2}}, TypeError, "value.a: the member name 1 is of type int"),
        ({None: 2}, TypeError, "value: the member name None"),
        ({Colour.RED: 2}, TypeError, "value: the member name <Colour.RED"),
        ({"a": float("nan")}, ValueError, "value.a: nan"),
        ({"a": [0.5] * 1000 + [float("inf")]}, ValueError, "value.a[1000]: inf"),
        ({"a": "\ud800"}, ValueError, "value.a: a lone surrogate"),
        ({"a": {"\udfff": 1}}, ValueError, "value.a: a lone surrogate"),
        (cyclic, ValueError, "nested deeper"),
    ],
)
def test_what_is_not_json_is_refused(store: Store, value: Any, error: type[Exception], path: str) -> None:
    with pytest.raises(error) as caught:
        store.put(PLACE, "k", value)
    assert path in str(caught.value)
    with pytest.raises(error) as caught:
        _json.dumps(value)
    assert path in str(caught.value)
    assert store.count() == 0


def test_arguments_are_json_too(store: Store) -> None:
    label: Any = uuid.uuid4()
    for wrong in (
        lambda: store.get((label,), "k"),
        lambda: store.put(PLACE, label, {}),
        lambda: store.search((label,)),
        lambda: store.search((), filter={"a": label}),
        lambda: store.list_namespaces(prefix=(label,)),
        lambda: store.delete_prefix((), filter={"a": {"$in": {1}}}),
    ):
        with pytest.raises(TypeError, match="is not JSON"):
            wrong()


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_an_option_that_is_no_number_is_not_left_out(store: Store, wrong: Any) -> None:
    # JSON has no way to say them, and null would mean: as if it were not given.
    calls: dict[str, Callable[[], object]] = {
        "ttl": lambda: store.put(PLACE, "k", {}, ttl=wrong),
        "index": lambda: store.put_if_absent(PLACE, "k", {}, index=wrong),
        "serial": lambda: store.delete(PLACE, "k", serial=wrong),
        "expected_version": lambda: store.compare_and_set(PLACE, "k", {}, expected_version=wrong),
        "retry_delay": lambda: store.put(PLACE, "k", {}, retry_delay=wrong),
        "refresh_ttl": lambda: store.get(PLACE, "k", refresh_ttl=wrong),
        "max_retries": lambda: store.count(max_retries=wrong),
        "profile": lambda: store.delete_prefix(PLACE, profile=wrong),
        "limit": lambda: store.search(limit=wrong),
        "offset": lambda: store.search(offset=wrong),
        "order": lambda: next(store.iter_search(order=wrong)),
        "cursor": lambda: store.namespaces_page(cursor=wrong),
        "max_depth": lambda: store.list_namespaces(max_depth=wrong),
        "mode": lambda: store.batch([], mode=wrong),
        "atomicity": lambda: store.batch([], atomicity=wrong),
        "ops[1].query": lambda: store.batch([Search((), filter={"a": None}), Search((), query=wrong)]),
        "ops[1].refresh_ttl": lambda: store.batch([Get(PLACE, "k"), Get(PLACE, "k", refresh_ttl=wrong)]),
        "write": lambda: store.health(write=wrong),
        "dry_run": lambda: store.migrate(dry_run=wrong),
        "to": lambda: store.migrate(to=wrong),
        "path": lambda: store.backup(wrong),
        "seconds": lambda: store.advance(wrong),
        "timeout": lambda: store.get(PLACE, "k", timeout=wrong),
    }
    for field, call in calls.items():
        with pytest.raises(lgstore.ValidationError, match=str(wrong)) as caught:
            call()
        assert caught.value.field == field
    assert store.get(PLACE, "k") is None


@pytest.mark.parametrize("wrong", [True, "1", 1.5, [1]])
def test_an_option_of_the_wrong_type_is_refused(store: Store, wrong: Any) -> None:
    calls: dict[str, Callable[[], object]] = {
        "limit": lambda: store.search(limit=wrong),
        "max_depth": lambda: store.list_namespaces(max_depth=wrong),
        "max_retries": lambda: store.get(PLACE, "k", max_retries=wrong),
        "ops[0].limit": lambda: store.batch([Search((), limit=wrong)]),
        "ops[0]": lambda: store.batch([wrong]),
    }
    if not isinstance(wrong, float):
        calls["timeout"] = lambda: store.get(PLACE, "k", timeout=wrong)
        calls["retry_delay"] = lambda: store.get(PLACE, "k", retry_delay=wrong)
    for field, call in calls.items():
        with pytest.raises(lgstore.ValidationError) as caught:
            call()
        assert caught.value.field == field


@pytest.mark.parametrize("labels", ["users", 3, None])
def test_a_namespace_is_an_array(store: Store, labels: Any) -> None:
    for call in (lambda: store.get(labels, "k"), lambda: store.put(labels, "k", {}), lambda: store.search(labels)):
        with pytest.raises(lgstore.ValidationError) as caught:
            call()
        assert caught.value.field is not None
        assert caught.value.field.startswith("namespace")


def test_options_are_json_too(store: Store) -> None:
    with pytest.raises(TypeError, match=r"^index: set is not JSON$"):
        store.put(PLACE, "k", {}, index={"a"})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^ops\[1\]\.key: UUID is not JSON$"):
        store.batch([Get(PLACE, "k"), Get(PLACE, uuid.uuid4())])  # type: ignore[arg-type]
    assert store.get(PLACE, "k") is None


def test_values_deeper_than_the_stack_are_refused(store: Store) -> None:
    deep: list[Any] = []
    for _ in range(3_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"^value\.a.*: nested deeper than"):
        store.put(PLACE, "k", {"a": deep})


def test_the_librarys_limits_are_its_own_to_name(store: Store) -> None:
    for value, message in (
        ({"x": "y" * 1_000_000}, "1000000"),
        ({"x": json.loads("[" * 150 + "]" * 150)}, "128"),
        ([1], "must be a JSON object"),
    ):
        with pytest.raises(lgstore.ValidationError) as caught:
            store.put(PLACE, "k", value)  # type: ignore[arg-type]
        assert caught.value.field is not None
        assert caught.value.field.startswith("value")
        assert message in str(caught.value).replace(",", "")


def test_an_integer_that_python_does_not_read(store: Store) -> None:
    digits = b"9" * 5_000
    store.call("put", b'{"namespace":["python","tests"],"key":"k","value":{"n":' + digits + b"}}")
    for read in (lambda: store.get(PLACE, "k"), lambda: store.search(PLACE)):
        with pytest.raises(lgstore.UnsupportedError):
            read()
    assert digits in store.call("get", b'{"namespace":["python","tests"],"key":"k"}')


def test_reading_and_writing() -> None:
    assert _json.loads(b'{"a":[1,18446744073709551616,-0.0,"\\u00e9"]}') == {"a": [1, 2**64, 0.0, "é"]}
    assert _json.dumps({"é": [1.5, None]}) == '{"é":[1.5,null]}'.encode()
