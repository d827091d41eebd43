"""The items of the benchmark: the same for every store, from a fixed seed."""

from __future__ import annotations

import random
from typing import Any

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


class Data:
    """So many namespaces ``("users", uid, "memories")``, each with so many items: all made beforehand."""

    def __init__(self, namespaces: int, items: int) -> None:
        self.namespaces = namespaces
        """How many namespaces."""
        self.items = items
        """How many items each of them holds."""
        self.size = namespaces * items
        names: list[Namespace] = [("users", f"u{n:05}", "memories") for n in range(namespaces)]
        self.namespace = [names[n // items] for n in range(self.size)]
        """The namespace of item n; `key` and `value` likewise."""
        self.key = [f"memory-{n % items:05}" for n in range(self.size)]
        self.value = [_value(n, names[n // items][1]) for n in range(self.size)]


def _value(n: int, user: str) -> dict[str, Any]:
    """About 1 KB; ``kind`` is one of ten, ``score`` is above 0.9 in one of ten, ``n`` names the item."""
    pick = random.Random(n)
    return {
        "n": n,
        "kind": KINDS[n % len(KINDS)],
        "score": round(pick.random(), 6),
        "user": user,
        "active": n % 3 == 0,
        "tags": pick.sample(WORDS, 4),
        "text": " ".join(pick.choices(WORDS, k=110)),
        "source": {"thread": f"t{n % 97}", "turn": n % 31},
    }


def scattered(i: int, size: int) -> int:
    """The i-th item in an order that jumps: 7,919 is a prime that divides no size in use."""
    return i * 7_919 % size
