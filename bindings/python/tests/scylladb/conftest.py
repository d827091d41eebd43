"""The facade's tests run in memory, and on a cluster too where LGSTORE_TEST_CONTACT_POINTS names one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lgstore.scylladb import AsyncScyllaDBStore

from .places import CONTACT_POINTS, KEYSPACE, emptied


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines, each in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(params=["memory", "cluster"] if CONTACT_POINTS else ["memory"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments of the constructor that say where the items are; nothing is there yet."""
    if request.param == "memory":
        return {"config": "memory:"}
    return emptied({"contact_points": CONTACT_POINTS.split(","), "keyspace": KEYSPACE})


@pytest.fixture
def cluster() -> dict[str, Any]:
    """The same for tests that only a cluster can pass."""
    if not CONTACT_POINTS:
        pytest.skip("LGSTORE_TEST_CONTACT_POINTS names no cluster")
    return emptied({"contact_points": CONTACT_POINTS.split(","), "keyspace": KEYSPACE})


@pytest.fixture
def connect(place: dict[str, Any]) -> Iterator[Callable[..., AsyncScyllaDBStore]]:
    """Makes stores at that place and closes them after the test."""
    made: list[AsyncScyllaDBStore] = []

    def connect(**options: Any) -> AsyncScyllaDBStore:
        made.append(AsyncScyllaDBStore(**{**place, **options}))
        return made[-1]

    yield connect
    for store in made:
        store.close()


@pytest.fixture
def store(connect: Callable[..., AsyncScyllaDBStore]) -> AsyncScyllaDBStore:
    """A store that holds nothing."""
    return connect()
