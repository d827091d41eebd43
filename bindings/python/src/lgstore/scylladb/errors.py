"""The errors of the facade, under the guide's names.

Every one is a :class:`ScyllaDBStoreError` and says whether sending the request again may help
(``retryable``) and whether a write may have taken effect all the same (``may_have_applied``). What
the library itself reported is the error's ``__cause__``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ScyllaDBStoreError(Exception):
    """Something went wrong; the base of all errors here.

    code: the library's name of the failure, ``"unavailable"`` for example.
    field: the path of the member of the request that is at fault, or ``None``.
    retryable: the same request may succeed when it is sent again unchanged.
    may_have_applied: a write may have taken effect although it failed.
    retry_after: seconds to wait before trying again, where that is known.
    details: what else is known, by name.
    """

    code: str = "backend"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retryable: bool = False,
        may_have_applied: bool = False,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.field = field
        self.retryable = retryable
        self.may_have_applied = may_have_applied
        self.retry_after = retry_after
        self.details: Mapping[str, Any] = details or {}

    @property
    def original_error(self) -> BaseException | None:
        """What the library reported; the same as ``__cause__``."""
        return self.__cause__


class StoreConnectionError(ScyllaDBStoreError):
    """The cluster can't be reached, the store is closed, or it can't serve now; nothing was applied."""


class CircuitBreakerOpenError(StoreConnectionError):
    """The circuit breaker is open, so nothing was sent; ``retry_after`` says when to come again."""


class StoreAuthenticationError(StoreConnectionError):
    """Wrong or missing credentials, or no right to do this."""


class StoreConfigurationError(ScyllaDBStoreError, ValueError):
    """An option of the store is wrong, or can't be changed any more; ``field`` names it."""

    code = "invalid_arg"


class StoreQueryError(ScyllaDBStoreError):
    """The store or the cluster could not carry out the request."""


class BatchOperationError(StoreQueryError):
    """Some operations of a batch failed; the others were carried out.

    results: one entry per operation, ``None`` where one failed.
    errors: the failures by the operation's place in the batch.
    """

    def __init__(
        self,
        message: str,
        *,
        results: Sequence[Any] = (),
        errors: Mapping[int, ScyllaDBStoreError] | None = None,
        **about: Any,
    ) -> None:
        super().__init__(message, **about)
        self.results = list(results)
        self.errors = dict(errors or {})


class StoreValidationError(ScyllaDBStoreError, ValueError):
    """An argument is wrong; nothing was sent.

    field: the path of what is wrong: ``namespace``, ``ops[3].ttl``, ``filter.$and[0].age``.
    value: what stands there, or ``None`` where it can't be told.
    """

    code = "invalid_arg"

    def __init__(self, message: str, *, value: Any = None, **about: Any) -> None:
        super().__init__(message, **about)
        self.value = value


class TTLValidationError(StoreValidationError):
    """A time to live is not a number of seconds above 0, or above what the store takes."""


class StoreTimeoutError(ScyllaDBStoreError, TimeoutError):
    """No answer in time; surely not applied, unless ``may_have_applied`` says otherwise.

    timeout_seconds: how long the request was waited for, or ``None`` where that is not known.
    operation_type: ``"get"``, ``"put"``, ``"batch"``, …
    """

    code = "timeout"

    def __init__(
        self, message: str, *, timeout_seconds: float | None = None, operation_type: str = "", **about: Any
    ) -> None:
        super().__init__(message, **about)
        self.timeout_seconds = timeout_seconds
        self.operation_type = operation_type


class StoreUnavailableError(ScyllaDBStoreError):
    """Too few replicas are alive for the consistency level; nothing was applied.

    The three figures are ``None`` where no node said them.

    consistency_level: ``"LOCAL_QUORUM"``, ``"ALL"``, …
    required_replicas: how many had to answer.
    alive_replicas: how many were alive.
    """

    code = "unavailable"

    def __init__(self, message: str, **about: Any) -> None:
        super().__init__(message, **about)
        self.consistency_level: str | None = self.details.get("consistency")
        self.required_replicas: int | None = self.details.get("required")
        self.alive_replicas: int | None = self.details.get("alive")


class StoreUnknownOutcomeError(ScyllaDBStoreError):
    """The write may or may not have been applied: read before writing again."""

    code = "unknown_outcome"


class StoreWriteTimeoutError(StoreUnknownOutcomeError, StoreTimeoutError):
    """A write was sent and not answered in time: an unknown outcome by way of a timeout."""

    code = "unknown_outcome"


class RateLimitExceeded(ScyllaDBStoreError):  # noqa: N818  the guide's name
    """More requests than the rate limit allows; ``retry_after`` says when to come again."""

    code = "rate_limited"


class StoreBusyError(ScyllaDBStoreError):
    """Too many requests or bytes are in flight; nothing was taken."""

    code = "busy"
