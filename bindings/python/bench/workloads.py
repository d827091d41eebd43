"""The workloads, on any store with the methods of LangGraph's BaseStore. Every answer is looked at."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from data import Data, scattered
from langgraph.store.base import GetOp, PutOp
from peers import Peer

One = Callable[[int], Awaitable[bool]]


@dataclass(frozen=True)
class Workload:
    """`make` gives what does the i-th operation and says whether its answer was right."""

    name: str
    make: Callable[[Peer, Data, list[dict[str, Any]]], One]
    #: Items of one call, which count as so many operations.
    items: int = 1
    #: Calls of a round, by the callers at once.
    calls: tuple[tuple[int, int], ...] = ((1, 500), (64, 3_000))


def put(peer: Peer, data: Data, values: list[dict[str, Any]]) -> One:
    async def one(i: int) -> bool:
        n = scattered(i, data.size)
        return await peer.store.aput(data.namespace(n), data.key(n), values[n]) is None

    return one


def get(peer: Peer, data: Data, _: list[dict[str, Any]]) -> One:
    async def one(i: int) -> bool:
        n = scattered(i, data.size)
        item = await peer.store.aget(data.namespace(n), data.key(n))
        return item is not None and item.value["n"] == n

    return one


def puts(size: int, *, mixed: bool = False) -> Callable[[Peer, Data, list[dict[str, Any]]], One]:
    def make(peer: Peer, data: Data, values: list[dict[str, Any]]) -> One:
        async def one(i: int) -> bool:
            first = scattered(i, data.namespaces) * data.items
            numbers = [scattered(i * size + j, data.size) if mixed else first + j % data.items for j in range(size)]
            answers = await peer.store.abatch(PutOp(data.namespace(n), data.key(n), values[n]) for n in numbers)
            return answers == [None] * size

        return one

    return make


def gets(size: int, *, mixed: bool = False) -> Callable[[Peer, Data, list[dict[str, Any]]], One]:
    def make(peer: Peer, data: Data, _: list[dict[str, Any]]) -> One:
        async def one(i: int) -> bool:
            first = scattered(i, data.namespaces) * data.items
            numbers = [scattered(i * size + j, data.size) if mixed else first + j % data.items for j in range(size)]
            found = await peer.store.abatch(GetOp(data.namespace(n), data.key(n)) for n in numbers)
            return [item and item.value["n"] for item in found] == numbers

        return one

    return make


def search(where: dict[str, Any] | None = None) -> Callable[[Peer, Data, list[dict[str, Any]]], One]:
    """Searches one namespace; with a filter one item of ten matches."""

    def make(peer: Peer, data: Data, values: list[dict[str, Any]]) -> One:
        async def one(i: int) -> bool:
            first = scattered(i, data.namespaces) * data.items
            items = await peer.store.asearch(data.namespace(first), filter=where, limit=10)
            wanted = sum(matches(values[first + j], where) for j in range(data.items))
            return right(items, data, min(10, wanted), where) and all(
                item.namespace == data.namespace(first) for item in items
            )

        return one

    return make


def search_all(where: dict[str, Any]) -> Callable[[Peer, Data, list[dict[str, Any]]], One]:
    def make(peer: Peer, data: Data, _: list[dict[str, Any]]) -> One:
        async def one(_: int) -> bool:
            return right(await peer.store.asearch(("users",), filter=where, limit=10), data, 10, where)

        return one

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
        and (item.namespace, item.key) == (data.namespace(item.value["n"]), data.key(item.value["n"]))
        for item in items
    )


def list_namespaces(peer: Peer, data: Data, _: list[dict[str, Any]]) -> One:
    wanted = [("users", f"u{n:05}") for n in range(min(100, data.namespaces))]

    async def one(_: int) -> bool:
        return await peer.store.alist_namespaces(prefix=("users",), max_depth=2, limit=100) == wanted

    return one


def delete(peer: Peer, data: Data, _: list[dict[str, Any]]) -> One:
    """Of items that the round before has not deleted: half of them, in an order of its own for each call."""
    order = random.Random(7).sample(range(data.size), data.size)

    async def one(i: int) -> bool:
        n = order[i % data.size]
        return await peer.store.adelete(data.namespace(n), data.key(n)) is None

    return one


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
        Workload("W8 list namespaces", list_namespaces, 1, ((1, 20),)),
        Workload("W11 delete", delete),
    )
}
