"""What an index configuration adds: puts and deletes that keep vectors, and the ranked search.

See :mod:`lgstore.langgraph._vectors` for where the vectors are and why that is safe. The search is an exact scan: it
reads all vectors and all matching items of its prefix.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.store.base import SearchItem

from lgstore import Item, LgstoreError, Outcome, Store, ValidationError, _json
from lgstore.error import from_document
from lgstore.item import outcome_of, page_of, plain_results_of

from . import _answer, _request
from ._flow import Aside, Ask, EmbedDocuments, EmbedQuery, Flow
from ._namespace import Namespace, as_tuple, encode
from ._vectors import Index, Likeness, Vector, packed, unpacked

_PAGE = 1000
# Requests of one batch, so that neither bodies nor answers grow without bound.
_CHUNK = 500

Place = tuple[Namespace, str]


@dataclass(slots=True)
class Write:
    """A put or delete of a batch that touches vectors."""

    namespace: Namespace
    key: str
    value: bytes | None
    """The value's JSON; None = delete."""
    texts: list[str]
    vectors: list[Vector] = field(default_factory=list)
    old_version: str | None = None
    """The version that was current before; None = there was no item."""


class Ranked:
    """The store of the items, the store of their vectors, and the index between them."""

    def __init__(self, items: Store, vectors: Store, index: Index) -> None:
        self.items = items
        self.vectors = vectors
        self.index = index

    def embed(self, writes: Sequence[Write]) -> Flow[None]:
        """Gives writes their vectors, in one call of the model for all. Nothing has been written then."""
        texts = list(dict.fromkeys(text for write in writes for text in write.texts))
        if not texts:
            return
        vectors = self.index.checked((yield EmbedDocuments(self.index.model, texts)), len(texts))
        of = dict(zip(texts, vectors, strict=True))
        for write in writes:
            write.vectors = [of[text] for text in write.texts]

    def put(
        self,
        namespace: Sequence[str],
        key: object,
        value: bytes,
        body: bytes,
        index: Sequence[str] | bool | None,
    ) -> Flow[None]:
        """One put: `value` is the value's JSON, `body` the request's, `index` the put's."""
        write = Write(as_tuple(namespace), str(key), value, self.index.texts(value, index))
        yield from self.embed([write])
        # Reads of a batch see the state before it: the version that the put replaces.
        ops = b'{"ops":[%b,{"op":"put",%b]}' % (self._read(write), body[1:])
        before, done = plain_results_of((yield Ask(self.items, "batch", ops))).results
        if done.error is not None:
            raise from_document(done.error, "put")
        write.old_version = before.result.version if before.result else None
        yield from self.settle([write])

    def conditional(self, op: str, body: bytes, write: Write) -> Flow[Outcome]:
        """A conditional write; gives its outcome.

        What was read before may be older than what the write replaces. Either way it is replaced if the write
        is applied; what came between is left to `collect`.
        """
        yield from self.embed([write])
        [before] = yield from self._items([(write.namespace, write.key)])
        outcome = outcome_of((yield Ask(self.items, op, body)))
        if outcome.applied:
            ops = [self._keep(write, outcome.version)] if write.vectors and outcome.version else []
            if before is not None and before.version:
                ops.append(_op(b"delete", _request.address(write.namespace, before.version)))
            yield from _after_write(self._change(ops))
        return outcome

    def settle(self, writes: Sequence[Write]) -> Flow[None]:
        """Keeps the vectors of writes that were applied, and drops those of the versions that they replaced.

        The version of a plain put is read after it. If another writer has overwritten it by then, the item is
        theirs, and theirs is the version: the value tells. (One that put the same text is as good as ours.)
        """
        yield from _after_write(self._settle(writes))

    def _settle(self, writes: Sequence[Write]) -> Flow[None]:
        indexed = [write for write in writes if write.vectors]
        current = yield from self._items([(write.namespace, write.key) for write in indexed])
        ops: list[bytes] = []
        lost = set()
        for write, item in zip(indexed, current, strict=True):
            if item is not None and item.version and _json.dumps(item.value) == write.value:
                ops.append(self._keep(write, item.version))
            else:
                lost.add((write.namespace, write.key))
        for write in writes:
            # Whoever has overwritten a lost put has seen its version, or the one before.
            if write.old_version and (write.namespace, write.key) not in lost:
                ops.append(_op(b"delete", _request.address(write.namespace, write.old_version)))
        yield from self._change(ops)

    def search(
        self,
        prefix: Sequence[str],
        query: str,
        filter: Mapping[str, Any] | None,
        limit: int,
        offset: int,
        refresh: bool,
    ) -> Flow[list[SearchItem]]:
        """The items that have vectors, the most alike first; ties by namespace and key.

        Items without vectors are left out: they are not alike to anything, and pages end where likeness ends.
        """
        encode(prefix)
        for name, number in (("limit", limit), ("offset", offset)):
            if not isinstance(number, int) or number < 0:
                message = f"must be an integer from 0, but is {number!r}"
                raise ValidationError("invalid_arg", message, op="search", field=name)
        if limit == 0:
            return []
        [vector] = self.index.checked([(yield EmbedQuery(self.index.model, query))], 1)
        found: list[SearchItem] = yield Aside(
            self._scan(prefix, Likeness(vector), filter, offset, offset + limit, refresh)
        )
        return found

    def _scan(
        self,
        prefix: Sequence[str],
        likeness: Likeness,
        filter: Mapping[str, Any] | None,
        begin: int,
        end: int,
        refresh: bool,
    ) -> Flow[list[SearchItem]]:
        scores = yield from self._scores(prefix, likeness)
        best: list[tuple[float, Namespace, str, Item]] = []
        pages = _Pages(self.items, prefix, filter)
        page = yield from pages.next()
        while page is not None:
            late = yield from self._late(page, scores, likeness)
            found = (
                (-score, item.namespace, item.key, item)
                for item in page
                if item.version and (score := scores.get(item.version, late.get(item.version))) is not None
            )
            best = heapq.nsmallest(end, [*best, *found], key=lambda one: one[:3])
            page = yield from pages.next()
        chosen = best[begin:]
        if refresh and chosen:
            # The answer shows what was ranked; this only moves the expiry of exactly these items.
            yield from self._items([(one[1], one[2]) for one in chosen], refresh=True)
        return [_answer.ranked(item, 0.0 - less) for less, _, _, item in chosen]

    def collect(self, prefix: Sequence[str] = ()) -> Flow[int]:
        """Removes vectors of versions that are no more, and gives their number.

        Vectors are written when their version is current. So a version that has vectors here, and is not its
        item's version when that is read afterwards, was replaced or has expired, and never comes back.
        """
        count = 0
        pages = _Pages(self.vectors, prefix, None)
        page = yield from pages.next()
        while page is not None:
            places = [(kept.namespace, kept.value["key"]) for kept in page]
            current = yield from self._items(places)
            dead = [
                _op(b"delete", _request.address(kept.namespace, kept.key))
                for kept, item in zip(page, current, strict=True)
                if item is None or item.version != kept.key
            ]
            yield from self._change(dead)
            count += len(dead)
            page = yield from pages.next()
        return count

    def _read(self, write: Write) -> bytes:
        return _op(b"get", _request.get(write.namespace, write.key, False)[1:-1])

    def _keep(self, write: Write, version: str) -> bytes:
        value = packed(write.key, write.vectors)
        # Vectors live as long as their item, whatever the store's default is.
        return _op(b"put", b'%b,"ttl":null,"value":%b' % (_request.address(write.namespace, version), value))

    def _change(self, ops: Sequence[bytes]) -> Flow[None]:
        for chunk in _chunks(ops, _CHUNK):
            _checked((yield Ask(self.vectors, "batch", b'{"ops":[%b]}' % b",".join(chunk))))

    def _items(self, places: Sequence[Place], *, refresh: bool = False) -> Flow[list[Item | None]]:
        return (yield from self._got(self.items, places, refresh))

    def _got(self, store: Store, places: Sequence[Place], refresh: bool) -> Flow[list[Item | None]]:
        """What is at these places; None where nothing is."""
        found: list[Item | None] = []
        for chunk in _chunks(places, _CHUNK):
            ops = b",".join(_op(b"get", _request.get(namespace, key, refresh)[1:-1]) for namespace, key in chunk)
            answer = yield Ask(store, "batch", b'{"ops":[%b]}' % ops)
            found += _checked(answer)
        return found

    def _scores(self, prefix: Sequence[str], likeness: Likeness) -> Flow[dict[str, float]]:
        scores: dict[str, float] = {}
        pages = _Pages(self.vectors, prefix, None)
        page = yield from pages.next()
        while page is not None:
            for kept in page:
                score = likeness.best(unpacked(kept.value))
                if score is not None:
                    scores[kept.key] = score
            page = yield from pages.next()
        return scores

    def _late(self, page: Sequence[Item], scores: Mapping[str, float], likeness: Likeness) -> Flow[dict[str, float]]:
        """Scores of items of a page that were overwritten while the vectors were read.

        Without this an item that has vectors before and after would be left out. Items that have none are looked
        up in vain.
        """
        unknown = [(item.namespace, item.version) for item in page if item.version and item.version not in scores]
        found = yield from self._got(self.vectors, unknown, False)
        late = {}
        for kept in found:
            score = likeness.best(unpacked(kept.value)) if kept else None
            if kept and score is not None:
                late[kept.key] = score
        return late


class _Pages:
    """All items of a search, page by page in the order of their keys, not refreshed."""

    def __init__(self, store: Store, prefix: Sequence[str], filter: Mapping[str, Any] | None) -> None:
        self._store = store
        self._prefix = prefix
        self._filter = filter
        self._cursor: str | None = None
        self._ended = False

    def next(self) -> Flow[list[Item] | None]:
        """The next page; None after the last."""
        if self._ended:
            return None
        body = _request.search(self._prefix, self._filter, _PAGE, 0, False, order=b'"key"', cursor=self._cursor)
        page = page_of((yield Ask(self._store, "search", body)))
        self._cursor = page.cursor
        self._ended = page.cursor is None
        return page.items


def _checked(answer: bytes) -> list[Item | None]:
    """The results of a batch of gets, puts and deletes. What failed is not taken for what is not there."""
    results = plain_results_of(answer).results
    for result in results:
        if result.error is not None:
            raise from_document(result.error, "batch")
    return [result.result for result in results]


def _after_write(flow: Flow[None]) -> Flow[None]:
    """What comes after an item is written: who catches its errors must not think that nothing was."""
    try:
        yield from flow
    except LgstoreError as error:
        error.may_have_applied = True
        raise


def _op(name: bytes, members: bytes) -> bytes:
    return b'{"op":"%b",%b}' % (name, members)


def _chunks(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(things), size):
        yield things[at : at + size]
