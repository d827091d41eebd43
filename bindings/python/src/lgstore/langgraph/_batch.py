"""Batches: LangGraph's operations as one request, and its answer as their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp

from lgstore import LgstoreError, Store
from lgstore.error import from_document
from lgstore.item import item_of

from . import _answer, _request
from ._flow import Ask, Flow
from ._namespace import as_tuple
from ._ranked import Ranked, Write

Read = Callable[[Any], Any]


class Batch:
    """One batch. Making it checks every operation, so that a bad one is refused before anything happens."""

    def __init__(self, ops: Iterable[Op], ranked: Ranked | None) -> None:
        self.bodies: list[bytes] = []
        """The operations of the request: all but ranked searches."""
        self.names: list[str] = []
        """All operations; "rank" is none of the request's."""
        self.reads: list[Read] = []
        """What makes the result of an operation's answer, which is JSON unless all are gets and writes."""
        self._only_places = True
        self._ranked = ranked
        self._searches: list[SearchOp] = []
        self._writes: dict[tuple[Any, str], tuple[int, Write]] = {}
        names, bodies, reads = self.names.append, self.bodies.append, self.reads.append
        for op in ops:
            if type(op) is GetOp:  # what `_add` does, for the most frequent operation
                bodies(_request.get(op.namespace, op.key, op.refresh_ttl, b'"op":"get",'))
                names("get")
                reads(_answer.get)
            else:
                self._add(op)

    def _add(self, op: Op) -> None:
        if isinstance(op, PutOp):
            self._put(op)
        elif isinstance(op, GetOp):
            self._append("get", _request.get(op.namespace, op.key, op.refresh_ttl), _answer.get)
        elif isinstance(op, SearchOp):
            self._search(op)
        elif isinstance(op, ListNamespacesOp):
            body = _request.list_namespaces(op.match_conditions, op.max_depth, op.limit, op.offset)
            self._only_places = False
            self._append("list_namespaces", body, _answer.list_namespaces)
        else:
            raise ValueError(f"Unknown operation type: {type(op)}")

    def _append(self, name: str, body: bytes, read: Read) -> None:
        self.names.append(name)
        self.bodies.append(b'{"op":"%b",%b' % (name.encode(), body[1:]))
        self.reads.append(read)

    def _put(self, op: PutOp) -> None:
        value = None if op.value is None else _request.value_of(op.value)
        if value is None:
            self._append("delete", _request.delete(op.namespace, op.key), _nothing)
        else:
            # A PutOp does not tell "no TTL" from "no TTL given"; LangGraph's stores take it for the first.
            body = _request.put(op.namespace, op.key, value, _request.ttl(None, op.ttl))
            self._append("put", body, _nothing)
        if self._ranked is not None:
            namespace, key = as_tuple(op.namespace), str(op.key)
            texts = [] if value is None else self._ranked.index.texts(value, op.index)
            # Of several writes of one item the last counts.
            self._writes[namespace, key] = len(self.bodies) - 1, Write(namespace, key, value, texts)

    def _search(self, op: SearchOp) -> None:
        body = _request.search(op.namespace_prefix, op.filter, op.limit, op.offset, op.refresh_ttl)
        if op.query and self._ranked is not None:
            self._searches.append(op)
            self.names.append("rank")
            self.reads.append(_itself)
        else:
            self._only_places = False
            self._append("search", body, _answer.search)

    @property
    def is_plain(self) -> bool:
        """Whether one request does it all."""
        return not self._searches and not self._writes

    def body(self) -> bytes:
        return b'{"ops":[%b]}' % b",".join(self.bodies)

    def results(self, answer: bytes) -> list[Result]:
        """The results in the order of the operations.

        Raises:
            LgstoreError: An operation failed; the others were done all the same. `results` of the error has what
                became of each: its result, or its error.
        """
        if self._only_places:
            gots = _answer.gots_of(answer).results
            if all(got.error is None for got in gots):
                return [_answer.item(got.result) for got in gots]
        return self._results(_answer.results_of(answer).results)

    def _results(self, answers: Iterable[Any]) -> list[Result]:
        results: list[Any] = []
        failed: LgstoreError | None = None
        for name, read, answer in zip(self.names, self.reads, answers, strict=True):
            if answer.error is not None:
                error = from_document(answer.error, name)
                failed = failed or error
                results.append(error)
            else:
                results.append(read(answer.result))
        if failed is not None:
            failed.results = results  # type: ignore[attr-defined]
            raise failed
        return results

    def flow(self, items: Store) -> Flow[list[Result]]:
        """The batch with an index: vectors, ranked searches, then the batch itself, then what is kept of it."""
        ranked = self._ranked
        assert ranked is not None
        places, writes = zip(*self._writes.values(), strict=True) if self._writes else ((), ())
        yield from ranked.embed(writes)
        found = []
        for op in self._searches:
            rows = yield from ranked.search(
                op.namespace_prefix, op.query or "", op.filter, op.limit, op.offset, op.refresh_ttl
            )
            found.append(_Ranks(rows))
        # Reads see the state before the batch: these tell the versions that its writes replace.
        before = [b'{"op":"get",%b' % _request.get(write.namespace, write.key, False)[1:] for write in writes]
        body = b'{"ops":[%b]}' % b",".join([*self.bodies, *before])
        answers = _answer.results_of((yield Ask(items, "batch", body))).results
        applied = []
        for place, write, old in zip(places, writes, answers[len(self.bodies) :], strict=True):
            item = item_of(old.result) if old.error is None else None
            write.old_version = item.version if item else None
            if answers[place].error is None:
                applied.append(write)
        yield from ranked.settle(applied)
        plain, ranks = iter(answers), iter(found)
        return self._results(next(ranks if name == "rank" else plain) for name in self.names)


@dataclass(slots=True)
class _Ranks:
    """The answer of a ranked search, among those of the batch."""

    result: list[SearchItem]
    error: None = None


def _nothing(_: Any) -> None:
    return None


def _itself(result: Any) -> Any:
    return result
