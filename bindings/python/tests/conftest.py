"""What the tests share. The library is the one of LGSTORE_LIBRARY, whose version and path are printed first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import pytest
import uvloop

import lgstore

Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]

MEMORY: dict[str, Any] = {
    "backend": "embedded",
    "test_clock": True,
    "ttl": {"refresh_slack": 0, "sweep_interval": None},
}
# Nothing is answered at once, so every request is accepted and completed.
ACCEPTING: dict[str, Any] = {"backend": "embedded", "immediate": False}
# Every request takes an hour.
STUCK: dict[str, Any] = {"backend": "fault", "fault": {"delay_us": 3_600_000_000}}
# Every request takes 5 ms.
SLOW: dict[str, Any] = {"backend": "fault", "fault": {"delay_us": 5_000}}

PLACE = ("python", "tests")


def pytest_report_header() -> str:
    """Which library is tested."""
    return f"lgstore {lgstore.__version__}, {lgstore.LIBRARY}"


@pytest.fixture
def store() -> Iterator[lgstore.Store]:
    """An empty store in memory, with a clock for tests."""
    with lgstore.Store(MEMORY) as made:
        yield made


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on an event loop of its own, of each kind."""
    return asyncio.run if request.param == "asyncio" else uvloop.run
