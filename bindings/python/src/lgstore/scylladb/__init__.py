"""The store of the founding guide: ``AsyncScyllaDBStore`` with its names, on lgstore's core.

``docs/scylladb-store.md`` shows how programs of the guide move here and what differs.
"""

from lgstore import NOT_PROVIDED

from .breaker import CircuitBreaker, CircuitState
from .errors import (
    BatchOperationError,
    CircuitBreakerOpenError,
    RateLimitExceeded,
    ScyllaDBStoreError,
    StoreAuthenticationError,
    StoreBusyError,
    StoreConfigurationError,
    StoreConnectionError,
    StoreQueryError,
    StoreTimeoutError,
    StoreUnavailableError,
    StoreUnknownOutcomeError,
    StoreValidationError,
    StoreWriteTimeoutError,
    TTLValidationError,
)
from .ops import (
    BatchType,
    ConsistencyLevel,
    ExecutionProfile,
    GetOp,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
    TTLConfig,
    ValidationLimits,
)
from .store import AsyncScyllaDBStore

__all__ = [
    "NOT_PROVIDED",
    "AsyncScyllaDBStore",
    "BatchOperationError",
    "BatchType",
    "CircuitBreaker",
    "CircuitBreakerOpenError",
    "CircuitState",
    "ConsistencyLevel",
    "ExecutionProfile",
    "GetOp",
    "ListNamespacesOp",
    "MatchCondition",
    "Op",
    "PutOp",
    "RateLimitExceeded",
    "ScyllaDBStoreError",
    "SearchOp",
    "StoreAuthenticationError",
    "StoreBusyError",
    "StoreConfigurationError",
    "StoreConnectionError",
    "StoreQueryError",
    "StoreTimeoutError",
    "StoreUnavailableError",
    "StoreUnknownOutcomeError",
    "StoreValidationError",
    "StoreWriteTimeoutError",
    "TTLConfig",
    "TTLValidationError",
    "ValidationLimits",
]
