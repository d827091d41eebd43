"""The library's errors under the guide's names, where no test can bring a cluster to make them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import lgstore
from lgstore.error import from_document
from lgstore.scylladb import (
    BatchOperationError,
    CircuitBreakerOpenError,
    ScyllaDBStoreError,
    StoreAuthenticationError,
    StoreBusyError,
    StoreConnectionError,
    StoreQueryError,
    StoreTimeoutError,
    StoreUnavailableError,
    StoreUnknownOutcomeError,
    StoreValidationError,
    StoreWriteTimeoutError,
    TTLValidationError,
)
from lgstore.scylladb._translate import translated, value_at


def of(code: str, **document: Any) -> ScyllaDBStoreError:
    about = {"code": code, "message": "…", "retryable": False, "may_have_applied": False, **document}
    return translated(from_document(about, "put"), "put", {"ttl": -1})


def test_each_code_has_its_class() -> None:
    expected: dict[str, type[ScyllaDBStoreError]] = {
        "invalid_arg": StoreValidationError,
        "utf8": StoreValidationError,
        "json": StoreValidationError,
        "unsupported": StoreValidationError,
        "closed": StoreConnectionError,
        "forked": StoreConnectionError,
        "unauthorized": StoreAuthenticationError,
        "circuit_open": CircuitBreakerOpenError,
        "unavailable": StoreConnectionError,
        "overloaded": StoreUnavailableError,
        "busy": StoreBusyError,
        "timeout": StoreTimeoutError,
        "unknown_outcome": StoreUnknownOutcomeError,
        "backend": StoreQueryError,
        "conflict": StoreQueryError,
        "corrupt": StoreQueryError,
        "full": StoreQueryError,
        "read_only": StoreQueryError,
        "not_found": StoreQueryError,
        "panic": StoreQueryError,
        "a code of a newer library": StoreQueryError,
    }
    for code, kind in expected.items():
        assert type(of(code)) is kind, code
        assert of(code).code == code
    assert type(of("invalid_arg", field="ops[3].ttl")) is TTLValidationError


def test_the_figures_of_an_unavailable_cluster() -> None:
    details = {"operation": "put", "cause": "unavailable", "consistency": "QUORUM", "required": 2, "alive": 1}
    error = of("unavailable", retryable=True, details=details)
    assert isinstance(error, StoreUnavailableError)
    assert (error.consistency_level, error.required_replicas, error.alive_replicas) == ("QUORUM", 2, 1)
    assert error.retryable


def test_a_write_that_timed_out_is_in_doubt_and_a_timeout() -> None:
    details = {"operation": "put", "cause": "request_timeout", "timeout_us": 2_000_000}
    error = of("unknown_outcome", may_have_applied=True, details=details)
    assert isinstance(error, StoreWriteTimeoutError)
    assert isinstance(error, StoreTimeoutError)
    assert isinstance(error, StoreUnknownOutcomeError)
    assert (error.timeout_seconds, error.operation_type, error.may_have_applied) == (2.0, "put", True)
    # By the operation's own deadline, the library says no cause.
    error = of("unknown_outcome", may_have_applied=True, details={"operation": "put", "timeout_us": 500_000})
    assert isinstance(error, StoreWriteTimeoutError)
    assert error.timeout_seconds == 0.5
    # A connection that broke says nothing of time.
    error = of("unknown_outcome", may_have_applied=True, details={"cause": "broken_connection"})
    assert not isinstance(error, StoreTimeoutError)
    assert error.may_have_applied


def test_an_error_keeps_what_the_library_said() -> None:
    error = of("rate_limited", retryable=True, retry_after_ms=250)
    assert (error.retryable, error.retry_after) == (True, 0.25)
    assert isinstance(error.original_error, lgstore.RateLimitedError)


@pytest.mark.parametrize("code", ["timeout", "invalid_arg", "unavailable", "unknown_outcome"])
def test_errors_cross_processes(code: str) -> None:
    error = of(code, field="ttl", details={"cause": "unavailable", "consistency": "ONE"})
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_a_batchs_error_crosses_processes() -> None:
    error = BatchOperationError("1 of 2", results=[None, 1], errors={0: of("backend")})
    again = pickle.loads(pickle.dumps(error))
    assert again.results == [None, 1]
    assert again.errors[0].code == "backend"


def test_the_value_at_a_path() -> None:
    body = {"ops": [{"ttl": 1}, {"namespace": ("a", ""), "value": {"x": [1, {"y": None}]}}]}
    assert value_at(body, "ops[0].ttl") == 1
    assert value_at(body, "ops[1].namespace[1]") == ""
    assert value_at(body, "ops[1].value.x[1]") == {"y": None}
    assert value_at(body, "ops[7].ttl") is None
    assert value_at(body, "ops[0].ttl.deeper") is None
    assert value_at(body, "") is body
