"""What the tests share. The library is the one of LGSTORE_LIBRARY, whose version and path are printed first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import uvloop
from common import MEMORY, Run

import lgstore


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
