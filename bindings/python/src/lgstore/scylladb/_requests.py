"""What each call asks of the library, and how its answer is read: the same for ``aput`` and ``put``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

import lgstore
from lgstore import NOT_PROVIDED, item
from lgstore.error import from_document

from ._translate import translated
from .errors import BatchOperationError, ScyllaDBStoreError, StoreValidationError
from .ops import (
    TTL,
    BatchType,
    GetOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
    own,
)

T = TypeVar("T")
Answer = bytes | msgspec.Raw


@dataclass(frozen=True)
class Request(Generic[T]):
    """One request: the operation, its body, and what reads the text of its answer."""

    op: str
    body: dict[str, Any]
    read: Callable[[Answer], T]


def nothing(answer: Answer) -> None:
    """Reads an answer that says no more than that it is done."""


def place(namespace: Sequence[str], key: str) -> dict[str, Any]:
    return {"namespace": namespace, "key": key}


def with_ttl(body: dict[str, Any], ttl: TTL) -> dict[str, Any]:
    if ttl is not NOT_PROVIDED:
        body["ttl"] = ttl
    return body


def copied(mapping: Any) -> Any:
    """A mapping as a dictionary, which is what JSON is written of; anything else is left to be refused."""
    return dict(mapping) if isinstance(mapping, Mapping) else mapping


def put(namespace: Sequence[str], key: str, value: Mapping[str, Any] | None, ttl: TTL) -> Request[None]:
    return Request("put", with_ttl({**place(namespace, key), "value": copied(value)}, ttl), nothing)


def get(namespace: Sequence[str], key: str, refresh_ttl: bool | None) -> Request[lgstore.Item | None]:
    return Request("get", {**place(namespace, key), "refresh_ttl": refresh_ttl}, item.item_of)


def delete(namespace: Sequence[str], key: str) -> Request[None]:
    return Request("delete", place(namespace, key), nothing)


def search(op: SearchOp, fetch_size: int | None, order: str | None) -> Request[list[lgstore.Item]]:
    body = search_body(op)
    if fetch_size is not None:
        body["page_size"] = fetch_size
    if order is not None:
        body["order"] = order
    return Request("search", body, items)


def search_body(op: SearchOp) -> dict[str, Any]:
    return {
        "namespace_prefix": op.namespace_prefix,
        "filter": copied(op.filter),
        "limit": op.limit,
        "offset": op.offset,
        "query": op.query,
        "refresh_ttl": op.refresh_ttl,
    }


def list_namespaces(
    match_conditions: Sequence[MatchCondition] | None, max_depth: int | None, limit: int, offset: int
) -> Request[list[tuple[str, ...]]]:
    return Request("list_namespaces", list_body(match_conditions, max_depth, limit, offset), namespaces)


def list_body(
    match_conditions: Sequence[MatchCondition] | None, max_depth: int | None, limit: int, offset: int
) -> dict[str, Any]:
    conditions = [{"match_type": one.match_type, "path": one.path} for one in match_conditions or ()]
    return {"match_conditions": conditions, "max_depth": max_depth, "limit": limit, "offset": offset}


def prefix_and_suffix(prefix: Sequence[str] | None, suffix: Sequence[str] | None) -> list[MatchCondition]:
    conditions = [MatchCondition("prefix", prefix)] if prefix else []
    return conditions + ([MatchCondition("suffix", suffix)] if suffix else [])


def conditional(op: str, namespace: Sequence[str], key: str, ttl: TTL = NOT_PROVIDED, **members: Any) -> Request[bool]:
    """A request of which the answer says whether its condition held."""
    return Request(
        op,
        with_ttl({**place(namespace, key), **{name: copied(value) for name, value in members.items()}}, ttl),
        applied,
    )


def batch(
    ops: Iterable[Op],
    batch_type: BatchType | str,
    max_retries: int | None,
    retry_delay: float,
    retry_backoff: float,
) -> Request[list[Any]]:
    """Raises StoreValidationError: an operation or the type is none that there is."""
    try:
        logged = BatchType(str(getattr(batch_type, "value", batch_type)).upper()) is BatchType.LOGGED
    except ValueError:
        message = f'batch_type must be "LOGGED" or "UNLOGGED", not {batch_type!r}'
        raise StoreValidationError(message, field="batch_type", value=batch_type) from None
    inside = [part_of_batch(index, op) for index, op in enumerate(ops)]
    body: dict[str, Any] = {
        "ops": [{"op": part.op, **part.body} for part in inside],
        "atomicity": "logged" if logged else "none",
    }
    if max_retries is not None:
        body.update(max_retries=max_retries, retry_delay=retry_delay, retry_backoff=retry_backoff)
    return Request("batch", body, lambda answer: results(inside, answer))


def part_of_batch(index: int, op: Any) -> Request[Any]:
    try:
        op = own(op)
    except TypeError as error:
        raise StoreValidationError(str(error), field=f"ops[{index}]", value=op) from None
    if isinstance(op, PutOp):
        request = put(op.namespace, op.key, op.value, op.ttl)
        if op.index is not None:
            request.body["index"] = op.index
        return request
    if isinstance(op, GetOp):
        return get(op.namespace, op.key, op.refresh_ttl)
    if isinstance(op, SearchOp):
        return Request("search", search_body(op), items)
    return Request("list_namespaces", list_body(*op), namespaces)


def results(inside: Sequence[Request[Any]], answer: Answer) -> list[Any]:
    """The answers of a batch's operations.

    Raises ScyllaDBStoreError: all failed, in the same way.
    Raises BatchOperationError: some failed.
    """
    found: list[Any] = []
    failed: dict[int, ScyllaDBStoreError] = {}
    for index, (part, one) in enumerate(zip(inside, answers(inside, answer), strict=True)):
        if one.error is not None:
            failed[index] = translated(from_document(one.error, part.op), part.op, part.body)
            found.append(None)
        else:
            found.append(one.result if isinstance(one, item.PlainResult) else part.read(one.result))
    if failed:
        first = min(failed)
        if len(failed) == len(inside) and len({type(error) for error in failed.values()}) == 1:
            raise failed[first]
        raise BatchOperationError(
            f"{len(failed)} of {len(inside)} operations failed; the first, ops[{first}]: {failed[first]}",
            results=found,
            errors=failed,
            code=failed[first].code,
            retryable=all(error.retryable for error in failed.values()),
            may_have_applied=any(error.may_have_applied for error in failed.values()),
        ) from failed[first]
    return found


def answers(inside: Sequence[Request[Any]], answer: Answer) -> Sequence[item.PlainResult | item.Result]:
    """A batch's answer by operation. Gets and puts alone, which most batches are, are read in one go."""
    if {part.op for part in inside} <= {"get", "put"}:
        return item.plain_results_of(answer).results
    return item.results_of(answer).results


def items(answer: Answer) -> list[lgstore.Item]:
    return item.page_of(answer).items


def namespaces(answer: Answer) -> list[tuple[str, ...]]:
    return item.namespaces_of(answer).namespaces


def applied(answer: Answer) -> bool:
    return item.outcome_of(answer).applied
