"""The ranking of one search: scores of all vectors first, then the best of all items, a page at a time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from langgraph.store.base import SearchItem

from lgstore import Item

from . import _answer
from ._namespace import Namespace
from ._vectors import Likeness, unpacked


class Ranking:
    """Its methods are called one after the other, from any thread.

    Args:
        likeness: What is searched for.
        count: How many of the best are wanted.
    """

    def __init__(self, likeness: Likeness, count: int) -> None:
        self._likeness = likeness
        self._count = count
        self._scores: dict[str, float] = {}
        self._unmet: dict[str, tuple[Namespace, str]] = {}
        self._late: dict[str, Item] = {}
        self._best: list[tuple[float, Namespace, str, Item]] = []

    def score(self, page: Sequence[Item]) -> None:
        """Takes vectors: what is kept for items, under their versions."""
        for kept in page:
            self._unmet[kept.key] = (kept.namespace, kept.value["key"])
            score = self._likeness.best(unpacked(kept.value))
            if score is not None:
                self._scores[kept.key] = score

    def rank(self, page: Sequence[Item]) -> list[tuple[Namespace, str]]:
        """Takes items; gives where vectors may be of those that have none yet, for `score_late`."""
        self._late = {item.version: item for item in page if item.version and item.version not in self._unmet}
        for item in page:
            self._unmet.pop(item.version or "", None)
        self._choose(page)
        return [(item.namespace, version) for version, item in self._late.items()]

    def score_late(self, found: Sequence[Item | None]) -> None:
        """Takes what is kept at the places that `rank` gave, as far as there is anything."""
        late = [kept for kept in found if kept is not None]
        self.score(late)
        for kept in late:
            del self._unmet[kept.key]
        self._choose([self._late[kept.key] for kept in late])

    def best(self, offset: int) -> list[SearchItem]:
        """The best, without the first `offset`."""
        return [_answer.ranked(item, 0.0 - less) for less, _, _, item in self._best[offset:]]

    def unmet(self, count: int) -> list[tuple[Namespace, str, str]]:
        """At most so many of the vectors whose item was not met: namespace, key and version."""
        first = list(self._unmet.items())[:count]
        return [(namespace, key, version) for version, (namespace, key) in first]

    def _choose(self, items: Sequence[Item]) -> None:
        found = (
            (-score, item.namespace, item.key, item)
            for item in items
            if item.version and (score := self._scores.get(item.version)) is not None
        )
        self._best = heapq.nsmallest(self._count, [*self._best, *found], key=lambda one: one[:3])
