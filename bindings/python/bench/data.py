"""The items of the benchmark: the same for every store, from a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

Namespace = tuple[str, ...]

WORDS = [
    "agent",
    "answer",
    "archive",
    "balance",
    "budget",
    "calendar",
    "chapter",
    "client",
    "colour",
    "contract",
    "customer",
    "deadline",
    "delivery",
    "draft",
    "evening",
    "family",
    "flight",
    "garden",
    "harvest",
    "holiday",
    "invoice",
    "journey",
    "kitchen",
    "language",
    "letter",
    "library",
    "market",
    "meeting",
    "memory",
    "morning",
    "mountain",
    "museum",
    "notebook",
    "office",
    "order",
    "outline",
    "paper",
    "payment",
    "picture",
    "preference",
    "project",
    "question",
    "recipe",
    "reminder",
    "report",
    "request",
    "river",
    "school",
    "season",
    "service",
    "session",
    "station",
    "summary",
    "ticket",
    "travel",
    "weather",
    "window",
    "winter",
    "workshop",
]
KINDS = ("fact", "event", "preference", "task", "note", "summary", "person", "place", "tool", "rule")


class Data(NamedTuple):
    """So many namespaces ``("users", uid, "memories")``, each with so many items."""

    namespaces: int
    items: int

    @property
    def size(self) -> int:
        return self.namespaces * self.items

    def namespace(self, n: int) -> Namespace:
        """The namespace of item n."""
        return ("users", f"u{n // self.items % self.namespaces:05}", "memories")

    def key(self, n: int) -> str:
        return f"memory-{n % self.items:05}"

    def value(self, n: int) -> dict[str, Any]:
        """About 1 KB; ``kind`` is one of ten, ``score`` is above 0.9 in one of ten, ``n`` names the item."""
        pick = random.Random(n)
        return {
            "n": n,
            "kind": KINDS[n % len(KINDS)],
            "score": round(pick.random(), 6),
            "user": f"u{n // self.items % self.namespaces:05}",
            "active": n % 3 == 0,
            "tags": pick.sample(WORDS, 4),
            "text": " ".join(pick.choices(WORDS, k=110)),
            "source": {"thread": f"t{n % 97}", "turn": n % 31},
        }

    def all(self) -> Iterator[tuple[Namespace, str, dict[str, Any]]]:
        for n in range(self.size):
            yield self.namespace(n), self.key(n), self.value(n)


def scattered(i: int, size: int) -> int:
    """The i-th item in an order that jumps: 7,919 is a prime that divides no size in use."""
    return i * 7_919 % size
