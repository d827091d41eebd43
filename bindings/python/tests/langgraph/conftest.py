"""Stores to test on: in memory, in a file, and on the cluster where LGSTORE_TEST_CONTACT_POINTS names one.

LGSTORE_TEST_EMBEDDED=memory leaves out the file.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from embeddings import WORDS, Counting

from lgstore.langgraph import LGStore

Open = Callable[..., LGStore]

_POINTS = os.environ.get("LGSTORE_TEST_CONTACT_POINTS")
_EMBEDDED = os.environ.get("LGSTORE_TEST_EMBEDDED", "memory,file").split(",")  # names of backends
_EVERYWHERE = [*_EMBEDDED, *(["cql"] if _POINTS else [])]
_KEYSPACE = f"lg_{uuid.uuid4().hex[:12]}"


def configuration(backend: str, folder: Path) -> dict[str, Any]:
    if backend == "cql":
        return {
            "backend": "cql",
            "contact_points": (_POINTS or "").split(","),
            "keyspace": _KEYSPACE,
            "schema": {"replication": {"factor": 1}},
        }
    config: dict[str, Any] = {"test_clock": True, "ttl": {"refresh_slack": 0, "sweep_interval": None}}
    if backend == "file":
        config |= {"path": str(folder / "store.db"), "durability": "normal"}
    return config


@pytest.fixture
def advance() -> Callable[[LGStore, float], None]:
    """Lets seconds pass on a store's test clock."""
    return lambda store, seconds: store.native.call("advance", json.dumps({"seconds": seconds}).encode())


@pytest.fixture(params=_EMBEDDED)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """An embedded store's configuration."""
    return configuration(request.param, tmp_path)


@pytest.fixture
def open_store(config: dict[str, Any]) -> Iterator[Open]:
    """Opens embedded stores on one configuration; they are closed at the end."""
    opened = []

    def make(**options: Any) -> LGStore:
        opened.append(LGStore.from_conn_string(config, **options))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> LGStore:
    """An empty embedded store."""
    return open_store()


@pytest.fixture(params=_EVERYWHERE)
def anywhere_config(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """A configuration for every backend. Tests keep below `root`: the cluster is not empty."""
    return configuration(request.param, tmp_path)


@pytest.fixture
def anywhere(anywhere_config: dict[str, Any]) -> Iterator[LGStore]:
    """A store on every backend, see `anywhere_config`."""
    with LGStore.from_conn_string(anywhere_config) as store:
        yield store


@pytest.fixture
def root() -> str:
    """A label that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def model() -> Counting:
    return Counting()


@pytest.fixture
def ranked(config: dict[str, Any], model: Counting) -> Iterator[LGStore]:
    index = {"embed": model, "dims": len(WORDS), "fields": ["text"]}
    with LGStore.from_conn_string(config, index=index) as store:
        yield store
