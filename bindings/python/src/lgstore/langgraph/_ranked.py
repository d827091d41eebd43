"""What an index configuration adds: puts and deletes that keep vectors, and the ranked search.

See :mod:`lgstore.langgraph._vectors` for where the vectors are and why that is safe. The search is an exact scan: it
reads all vectors and all matching items of its prefix.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from langgraph.store.base import SearchItem

from lgstore import Item, LgstoreError, Outcome, Page, Store, ValidationError, _json
from lgstore.error import from_document
from lgstore.item import PlainResult, outcome_of, page_of, plain_results_of

from . import _request
from ._flow import Aside, Ask, Embed, Flow
from ._namespace import Namespace, as_tuple, encode
from ._ranking import Ranking
from ._vectors import Index, Likeness, Vector, packed

T = TypeVar("T")

_PAGE = 1000
# Requests of one batch, so that neither bodies nor answers grow without bound.
_CHUNK = 500

# Where hardly anything is, for searches that are only to be checked; whatever the limits, a label may have one letter.
_NOWHERE = ("\x01",)

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
    current: Item | None = None
    """What is there afterwards."""


@dataclass(frozen=True, slots=True)
class Query:
    """A ranked search; its members are those of :meth:`LGStore.search`."""

    prefix: Sequence[str]
    text: str
    filter: Mapping[str, Any] | None
    limit: int
    offset: int
    refresh: bool | None


class Ranked:
    """The store of the items, the store of their vectors, and the index between them."""

    def __init__(self, items: Store, vectors: Store, index: Index) -> None:
        self.items = items
        self.vectors = vectors
        self.index = index
        self._in_order: bool | None = None

    def write_of(
        self, namespace: Sequence[str], key: object, value: bytes | None, index: Sequence[str] | bool | None
    ) -> Write:
        """A write: `value` is the value's JSON, None = a delete, `index` the put's."""
        texts = [] if value is None else self.index.texts(value, index)
        return Write(as_tuple(namespace), str(key), value, texts)

    def embed(self, writes: Sequence[Write]) -> Flow[None]:
        """Gives writes their vectors, in one call of the model for all. Nothing has been written then."""
        texts = list(dict.fromkeys(text for write in writes for text in write.texts))
        if not texts:
            return
        vectors = self.index.checked((yield Embed(self.index.model, "embed_documents", texts)), len(texts))
        of = dict(zip(texts, vectors, strict=True))
        for write in writes:
            write.vectors = [of[text] for text in write.texts]

    def put(self, write: Write, body: bytes) -> Flow[None]:
        """One put; `body` is the request's."""
        yield from self.embed([write])
        try:
            [done] = yield from self.write([b'{"op":"put",%b' % body[1:]], {0: write})
        except ValidationError as wrong:
            raise _renamed(wrong, "put", (wrong.field or "").removeprefix("ops[0].")) from None
        if done.error is not None:
            raise from_document(done.error, "put")

    def write(self, ops: Sequence[bytes], last: Mapping[int, Write]) -> Flow[list[PlainResult]]:
        """Does the writes of a batch, keeps vectors of those that were applied, and gives what became of each.

        `last` are those that count, by their index: the last of each place. They have their vectors.
        """
        if not ops:
            return []
        writes = list(last.values())
        kept = [write for write in writes if write.vectors]
        before = [_get(write.namespace, write.key) for write in writes]
        after = [_get(write.namespace, write.key) for write in kept]
        in_order = len(writes) == len(ops) and (yield from self._is_in_order(len(ops)))
        body = b'{"mode":"%b","ops":[%b]}' % (
            b"sequential" if in_order else b"snapshot",
            b",".join([*before, *ops, *(after if in_order else [])]),
        )
        try:
            answer = yield Ask(self.items, "batch", body)
        except ValidationError as wrong:
            raise _placed(wrong, list(last), len(before)) from None
        results = plain_results_of(answer).results
        begin, end = len(before), len(before) + len(ops)
        for write, old in zip(writes, results[:begin], strict=True):
            write.old_version = old.result.version if old.result else None
        # What can't be read there is read again, and fails the put then: it would be found by nobody.
        known = in_order and all(new.error is None for new in results[end:])
        if known:
            for write, new in zip(kept, results[end:], strict=True):
                write.current = new.result
        done = results[begin:end]
        applied = [write for index, write in last.items() if done[index].error is None]
        yield from _after_write(self._settle(applied, known))
        return done

    def _is_in_order(self, count: int) -> Flow[bool]:
        """Whether so many writes are sent to be done one after the other, with the reads around them.

        An embedded engine does them at once then, so that nobody comes between a put and the read that tells its
        version. A cluster only goes from one to the next, which takes long for many.
        """
        if count == 1:
            return True
        if self._in_order is None:
            self._in_order = _json.loads((yield Ask(self.items, "cluster_info")))["backend"] != "cql"
        return self._in_order

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

    def _settle(self, writes: Sequence[Write], current: bool) -> Flow[None]:
        """Keeps the vectors of writes that were applied, and drops those of the versions that they replaced.

        `current` says whether what is there now was read right behind the writes. Where another writer may have
        come between, on a cluster, the value tells whose the version is: the item is theirs if it is not ours. (One
        that put the same value in that moment is taken for us.)
        """
        indexed = [write for write in writes if write.vectors]
        if not current:
            items = yield from self._items([(write.namespace, write.key) for write in indexed])
            for write, item in zip(indexed, items, strict=True):
                write.current = item
        ops: list[bytes] = []
        for write in indexed:
            item = write.current
            if item is not None and item.version and _json.dumps(item.value) == write.value:
                ops.append(self._keep(write, item.version))
        for write in writes:
            # What was there before a write that was applied is no more, and never comes again. On a cluster a write
            # may lose to one with a later time (of a clock ahead of ours): then that is still there.
            stays = write.current is not None and write.current.version == write.old_version
            if write.old_version and not stays:
                ops.append(_op(b"delete", _request.address(write.namespace, write.old_version)))
        yield from self._change(ops)

    def check(self, query: Query) -> Flow[None]:
        """Has the core check a ranked search as it checks any other, before a model is asked."""
        encode(query.prefix)
        body = _request.search(_NOWHERE, query.filter, query.limit, query.offset, False, order=b'"key"')
        yield Ask(self.items, "search", body)

    def ask(self, query: Query) -> Flow[list[SearchItem]]:
        """`check` and `search`."""
        yield from self.check(query)
        return (yield from self.search(query))

    def search(self, query: Query) -> Flow[list[SearchItem]]:
        """The items that have vectors, the most alike first; ties by namespace and key.

        Items without vectors are left out: they are not alike to anything, and pages end where likeness ends.
        Requests are awaited, and what they bring is worked on aside, a page at a time: so that an event loop goes
        on, and a search that is cancelled ends.
        """
        if query.limit == 0:
            return []
        [vector] = self.index.checked([(yield Embed(self.index.model, "embed_query", query.text))], 1)
        ranking = Ranking(Likeness(vector), query.offset + query.limit)
        pages = _Pages(self.vectors, query.prefix, None)
        while not pages.ended:
            yield from pages.next(ranking.score)
        pages = _Pages(self.items, query.prefix, query.filter)
        while not pages.ended:
            late = yield from pages.next(ranking.rank)
            # Items that were overwritten while the vectors were read: without this, one that has vectors before and
            # after would be left out. Those that have none are looked up in vain.
            for chunk in _chunks(late, _CHUNK):
                body = b'{"ops":[%b]}' % b",".join(_get(*place) for place in chunk)
                answer = yield Ask(self.vectors, "batch", body)
                yield Aside(partial(_late, answer, ranking))
        chosen = ranking.best(query.offset)
        if query.refresh is not False and chosen:
            # The answer shows what was ranked; this only moves the expiry of exactly these items.
            yield from self._items([(one.namespace, one.key) for one in chosen], query.refresh)
        if not query.filter:
            # Not the search's business, so that nobody waits long for it, and nothing of it is an error.
            with contextlib.suppress(LgstoreError):
                yield from self._bury(ranking.unmet(_CHUNK))
        return chosen

    def collect(self, prefix: Sequence[str] = ()) -> Flow[int]:
        """Removes vectors of versions that are no more, and gives their number."""
        count = 0
        pages = _Pages(self.vectors, prefix, None)
        while not pages.ended:
            count += yield from self._bury((yield from pages.next(_versions)))
        return count

    def _bury(self, kept: Sequence[tuple[Namespace, str, str]]) -> Flow[int]:
        """Removes vectors whose version is no more, and gives their number.

        `kept` has the namespaces, keys and versions. Vectors are written when their version is current. So a version
        that has vectors here, and is not its item's version when that is read afterwards, was replaced or has
        expired, and never comes back.
        """
        current = yield from self._items([(namespace, key) for namespace, key, _ in kept])
        dead = [
            _op(b"delete", _request.address(namespace, version))
            for (namespace, _, version), item in zip(kept, current, strict=True)
            if item is None or item.version != version
        ]
        yield from self._change(dead)
        return len(dead)

    def _keep(self, write: Write, version: str) -> bytes:
        value = packed(write.key, write.vectors)
        # Vectors live as long as their item, whatever the store's default is.
        return _op(b"put", b'%b,"ttl":null,"value":%b' % (_request.address(write.namespace, version), value))

    def _change(self, ops: Sequence[bytes]) -> Flow[None]:
        for chunk in _chunks(ops, _CHUNK):
            _checked((yield Ask(self.vectors, "batch", b'{"ops":[%b]}' % b",".join(chunk))))

    def _items(self, places: Sequence[Place], refresh: bool | None = False) -> Flow[list[Item | None]]:
        """What is at these places; None where nothing is."""
        found: list[Item | None] = []
        for chunk in _chunks(places, _CHUNK):
            ops = b",".join(_get(namespace, key, refresh) for namespace, key in chunk)
            found += _checked((yield Ask(self.items, "batch", b'{"ops":[%b]}' % ops)))
        return found


class _Pages:
    """All items of a search, page by page in the order of their keys, not refreshed."""

    def __init__(self, store: Store, prefix: Sequence[str], filter: Mapping[str, Any] | None) -> None:
        self.ended = False
        self._store = store
        self._prefix = prefix
        self._filter = filter
        self._cursor: str | None = None
        self._size = _PAGE

    def next(self, work: Callable[[list[Item]], T]) -> Flow[T]:
        """What `work` makes of the next page. It is done aside, with reading the answer."""
        answer = yield from self._ask()
        page, made = yield Aside(partial(_worked, answer, work))
        self._cursor = page.cursor
        self.ended = page.cursor is None
        return made  # type: ignore[no-any-return]

    def _ask(self) -> Flow[bytes]:
        while True:
            body = _request.search(
                self._prefix, self._filter, self._size, 0, False, order=b'"key"', cursor=self._cursor
            )
            try:
                answer: bytes = yield Ask(self._store, "search", body)
                return answer
            except ValidationError as error:
                # The store's own limit of a search may be lower; only it knows.
                if error.field != "limit" or self._size == 1:
                    raise
                self._size //= 2


def _worked(answer: bytes, work: Callable[[list[Item]], T]) -> tuple[Page, T]:
    page = page_of(answer)
    return page, work(page.items)


def _late(answer: bytes, ranking: Ranking) -> None:
    ranking.score_late(_checked(answer))


def _versions(page: Sequence[Item]) -> list[tuple[Namespace, str, str]]:
    """Of what is kept for items: namespaces, keys and versions."""
    return [(kept.namespace, kept.value["key"], kept.key) for kept in page]


def _get(namespace: Namespace, key: str, refresh: bool | None = False) -> bytes:
    return _request.get(namespace, key, refresh, b'"op":"get",')


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


def _placed(wrong: ValidationError, asked: Sequence[int], reads: int) -> ValidationError:
    """What is wrong with an operation of a batch, by its place in the batch that was asked for.

    It had so many reads in front, each of the place of one of `asked`.
    """
    found = re.match(r"ops\[(\d+)\]", wrong.field or "")
    if found is None:
        return wrong
    index = int(found[1])
    own = asked[index] if index < reads else index - reads
    return _renamed(wrong, "batch", f"ops[{own}]{(wrong.field or '')[found.end() :]}")


def _renamed(wrong: ValidationError, op: str, field: str) -> ValidationError:
    return ValidationError(wrong.code, wrong.message, op=op, field=field, details=wrong.details)


def _op(name: bytes, members: bytes) -> bytes:
    return b'{"op":"%b",%b}' % (name, members)


def _chunks(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(things), size):
        yield things[at : at + size]
