"""The circuit breaker as the guide shows it."""

from __future__ import annotations

from typing import Any, TypedDict

from ._connection import Connection


class CircuitState(TypedDict):
    """What :meth:`CircuitBreaker.get_state` gives."""

    state: str
    """``"CLOSED"``, ``"HALF_OPEN"`` or ``"OPEN"``."""
    failure_count: int
    """Failures that it has counted since the metrics were reset."""
    rejected_count: int
    """Requests that it has refused since then."""
    opened_count: int
    """How often it has opened since then."""
    enabled: bool
    """Whether there is one: on a cluster unless turned off, embedded only when turned on."""


class CircuitBreaker:
    """The breaker between the store and its backend.

    It stands in the library, so every request passes it, whichever language or store sends it there.
    ``docs/configuration.md`` says what it counts as a failure.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_state(self) -> CircuitState:
        """Its state and what it has counted; asks nobody."""
        breakers: dict[str, Any] = self._connection.ask(lambda core: core.metrics().get("breakers", {}))
        worst = max(breakers.values(), key=lambda breaker: breaker["gauge"], default=None)
        if worst is None:
            return {
                "state": "CLOSED",
                "failure_count": 0,
                "rejected_count": 0,
                "opened_count": 0,
                "enabled": False,
            }
        return {
            "state": worst["state"],
            "failure_count": worst["failures"],
            "rejected_count": worst["rejected"],
            "opened_count": worst["opened"],
            "enabled": True,
        }

    def reset(self) -> None:
        """Closes it by hand: requests go to the cluster again. With caution: they may be many."""
        self._connection.ask(lambda core: core.reset_breaker())
