"""Batches: LangGraph's operations as one request, and its answer as their results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp, TTLConfig

from lgstore import LgstoreError
from lgstore.error import from_document

from . import _answer, _request, _ttl
from ._flow import Ask, Flow
from ._ranked import Query, Ranked, Write

Read = Callable[[Any], Any]


class Batch:
    """One batch. Making it checks every operation, so that a bad one is refused before anything happens."""

    def __init__(
        self, ops: Iterable[Op], ranked: Ranked | None, ttl: TTLConfig | None = None, refresh: bool | None = None
    ) -> None:
        self.bodies: list[bytes] = []
        """The operations of the request: all but ranked searches."""
        self.names: list[str] = []
        """All operations; "rank" is none of the request's."""
        self.reads: list[Read] = []
        """What makes the result of an operation's answer, which is JSON unless all are gets and writes."""
        self._only_places = True
        self._ranked = ranked
        self._ttl = ttl
        self._refresh = refresh
        self._searches: list[Query] = []
        self._writes: dict[tuple[Any, str], tuple[int, Write]] = {}
        names, bodies, reads = self.names.append, self.bodies.append, self.reads.append
        for op in ops:
            if type(op) is GetOp:  # what `_add` does, for the most frequent operation
                bodies(_request.get(op.namespace, op.key, _ttl.refreshes(refresh, op.refresh_ttl), b'"op":"get",'))
                names("get")
                reads(_answer.get)
            else:
                self._add(op)

    def _add(self, op: Op) -> None:
        if isinstance(op, PutOp):
            self._put(op)
        elif isinstance(op, GetOp):
            refresh = _ttl.refreshes(self._refresh, op.refresh_ttl)
            self._append("get", _request.get(op.namespace, op.key, refresh), _answer.get)
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
            # A PutOp without `ttl` has None, which never expires.
            body = _request.put(op.namespace, op.key, value, _ttl.member(self._ttl, op.ttl))
            self._append("put", body, _nothing)
        if self._ranked is not None:
            write = self._ranked.write_of(op.namespace, op.key, value, op.index)
            # Of several writes of one item the last counts.
            self._writes[write.namespace, write.key] = len(self.bodies) - 1, write

    def _search(self, op: SearchOp) -> None:
        refresh = _ttl.refreshes(self._refresh, op.refresh_ttl)
        body = _request.search(op.namespace_prefix, op.filter, op.limit, op.offset, refresh)
        if op.query and self._ranked is not None:
            query = Query(op.namespace_prefix, op.query, op.filter, op.limit, op.offset, refresh)
            self._searches.append(query)
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

    def flow(self) -> Flow[list[Result]]:
        """The batch with an index.

        What it reads comes first, so that it is refused before a model is asked, and sees the state before the
        batch; then all that models give, and ranked searches; then what it writes, and what is kept of that.
        """
        ranked = self._ranked
        assert ranked is not None
        answers: dict[int, Any] = {}
        names = [name for name in self.names if name != "rank"]
        writes = [at for at, name in enumerate(names) if name in ("put", "delete")]
        reads = [at for at, name in enumerate(names) if name not in ("put", "delete")]
        if reads:
            body = b'{"ops":[%b]}' % b",".join(self.bodies[at] for at in reads)
            read = _answer.results_of((yield Ask(ranked.items, "batch", body))).results
            answers.update(zip(reads, read, strict=True))
        for query in self._searches:
            yield from ranked.check(query)
        last = dict(self._writes.values())
        yield from ranked.embed(list(last.values()))
        found = []
        for query in self._searches:
            found.append(_Ranks((yield from ranked.search(query))))
        done = yield from ranked.write(
            [self.bodies[at] for at in writes], {index: last[at] for index, at in enumerate(writes) if at in last}
        )
        answers.update(zip(writes, done, strict=True))
        plain, ranks = (answers[at] for at in range(len(names))), iter(found)
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
