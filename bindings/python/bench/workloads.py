"""The workloads, on any store with the methods of LangGraph's BaseStore, and what their answers have to be."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from data import Data, scattered
from langgraph.store.base import GetOp, PutOp

Call = Callable[[int], Awaitable[Any]]
Check = Callable[[int, Any], bool]
Make = Callable[[Any, Data], tuple[Call, Check]]


@dataclass(frozen=True)
class Workload:
    """`make` gives what does the i-th call on a store, and what says whether its answer is right."""

    name: str
    make: Make
    #: Items of one call, which count as so many operations.
    items: int = 1
    #: Callers at once, and calls of a round by all of them.
    calls: tuple[tuple[int, int], ...] = ((1, 500), (64, 3_000))


def put(store: Any, data: Data) -> tuple[Call, Check]:
    def call(i: int) -> Awaitable[None]:
        n = scattered(i, data.size)
        return store.aput(data.namespace[n], data.key[n], data.value[n])

    return call, nothing


def get(store: Any, data: Data) -> tuple[Call, Check]:
    def call(i: int) -> Awaitable[Any]:
        n = scattered(i, data.size)
        return store.aget(data.namespace[n], data.key[n])

    return call, lambda i, item: item is not None and item.value == data.value[scattered(i, data.size)]


def delete(store: Any, data: Data) -> tuple[Call, Check]:
    order = deletion_order(data)
    return lambda i: store.adelete(data.namespace[order[i]], data.key[order[i]]), nothing


def deletion_order(data: Data) -> list[int]:
    return random.Random(7).sample(range(data.size), data.size)


def puts(size: int, *, mixed: bool = False) -> Make:
    def make(store: Any, data: Data) -> tuple[Call, Check]:
        def call(i: int) -> Awaitable[Any]:
            return store.abatch(
                [PutOp(data.namespace[n], data.key[n], data.value[n]) for n in chosen(i, size, data, mixed)]
            )

        return call, lambda _, answers: answers == [None] * size

    return make


def gets(size: int, *, mixed: bool = False) -> Make:
    def make(store: Any, data: Data) -> tuple[Call, Check]:
        def call(i: int) -> Awaitable[Any]:
            return store.abatch([GetOp(data.namespace[n], data.key[n]) for n in chosen(i, size, data, mixed)])

        def check(i: int, items: Any) -> bool:
            return [item and item.value for item in items] == [data.value[n] for n in chosen(i, size, data, mixed)]

        return call, check

    return make


def chosen(i: int, size: int, data: Data, mixed: bool) -> list[int]:
    """The items of the i-th batch: of one namespace, or all over the place."""
    if mixed:
        return [scattered(i * size + j, data.size) for j in range(size)]
    first = scattered(i, data.namespaces) * data.items
    return [first + j % data.items for j in range(size)]


def search(where: dict[str, Any] | None = None) -> Make:
    """Searches one namespace; with a filter one item of ten matches."""

    def make(store: Any, data: Data) -> tuple[Call, Check]:
        def first(i: int) -> int:
            return scattered(i, data.namespaces) * data.items

        def check(i: int, items: Any) -> bool:
            values = data.value[first(i) : first(i) + data.items]
            wanted = min(10, sum(matches(value, where) for value in values))
            return right(items, data, wanted, where) and all(
                item.namespace == data.namespace[first(i)] for item in items
            )

        return lambda i: store.asearch(data.namespace[first(i)], filter=where, limit=10), check

    return make


def search_all(where: dict[str, Any]) -> Make:
    def make(store: Any, data: Data) -> tuple[Call, Check]:
        return (
            lambda _: store.asearch(("users",), filter=where, limit=10),
            lambda _, items: right(items, data, 10, where),
        )

    return make


def matches(value: dict[str, Any], where: dict[str, Any] | None) -> bool:
    return all(
        value[name] > wanted["$gt"] if isinstance(wanted, dict) else value[name] == wanted
        for name, wanted in (where or {}).items()
    )


def right(items: list[Any], data: Data, count: int, where: dict[str, Any] | None) -> bool:
    """So many distinct items, each with the value that belongs to its place, and each a match."""
    places = {(item.namespace, item.key) for item in items}
    return len(places) == len(items) == count and all(
        matches(item.value, where)
        and (item.namespace, item.key) == (data.namespace[item.value["n"]], data.key[item.value["n"]])
        for item in items
    )


def list_namespaces(store: Any, data: Data) -> tuple[Call, Check]:
    wanted = sorted({name[:2] for name in data.namespace})[:100]
    return (
        lambda _: store.alist_namespaces(prefix=("users",), max_depth=2, limit=100),
        lambda _, names: names == wanted,
    )


def nothing(_: int, answer: object) -> bool:
    return answer is None


FEW = ((1, 20),)
WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1 put", put),
        Workload("W2 get", get),
        Workload("W3.10 puts", puts(10), 10, ((1, 100),)),
        Workload("W3.100 puts", puts(100), 100, ((1, 30),)),
        Workload("W3m.100 puts, mixed namespaces", puts(100, mixed=True), 100, ((1, 30),)),
        Workload("W4.100 gets", gets(100), 100, ((1, 60),)),
        Workload("W4m.100 gets, mixed namespaces", gets(100, mixed=True), 100, ((1, 30),)),
        Workload("W5 search of a namespace", search(), 1, ((1, 200), (64, 600))),
        Workload("W5f search with a filter", search({"kind": "task"}), 1, ((1, 200),)),
        Workload("W6 search of all, 1 of 10", search_all({"kind": "task"}), 1, FEW),
        Workload("W7 search of all, above 0.9", search_all({"score": {"$gt": 0.9}}), 1, FEW),
        Workload("W8 list namespaces", list_namespaces, 1, FEW),
        Workload("W11 delete", delete),
    )
}
