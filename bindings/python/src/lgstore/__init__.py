"""lgstore: the long-term memory of agents and native services, embedded or on ScyllaDB and Apache Cassandra.

import lgstore

with lgstore.Store("file:memory.db") as store:
    store.put(("users", "ada"), "profile", {"likes": "engines"})
    print(store.get(("users", "ada"), "profile").value)
"""

from ._capi import LIBRARY, VERSION
from ._requests import NOT_PROVIDED
from .batch import Count, Delete, Get, ListNamespaces, Op, Put, Search
from .error import (
    BackendError,
    BusyError,
    CancelledError,
    CircuitOpenError,
    ClosedError,
    ConflictError,
    CorruptError,
    DeadlineError,
    ForkedError,
    LgstoreError,
    NotFoundError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnsupportedError,
    ValidationError,
)
from .item import Health, HealthCheck, Item, Migration, NamespacePage, Outcome, Page
from .runtime import Runtime
from .store import Store

__version__ = VERSION

__all__ = [
    "LIBRARY",
    "NOT_PROVIDED",
    "BackendError",
    "BusyError",
    "CancelledError",
    "CircuitOpenError",
    "ClosedError",
    "ConflictError",
    "CorruptError",
    "Count",
    "DeadlineError",
    "Delete",
    "ForkedError",
    "Get",
    "Health",
    "HealthCheck",
    "Item",
    "LgstoreError",
    "ListNamespaces",
    "Migration",
    "NamespacePage",
    "NotFoundError",
    "Op",
    "Outcome",
    "Page",
    "Put",
    "RateLimitedError",
    "Runtime",
    "Search",
    "Store",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownOutcomeError",
    "UnsupportedError",
    "ValidationError",
    "__version__",
]
