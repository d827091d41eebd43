"""What lgstore has beside LangGraph's interface: conditions, cursors, iterators, counts, health."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from langgraph.store.base import NOT_PROVIDED, NotProvided, TTLConfig

from lgstore import Health, Item, Outcome, Page, Store, ValidationError, _json
from lgstore.item import item_of, outcome_of, page_of

from . import _request, _ttl
from ._flow import Ask, Flow, arun, run
from ._namespace import Namespace, encode, encode_for_put
from ._ranked import Ranked

Minutes: TypeAlias = "float | NotProvided | None"
Index: TypeAlias = "Literal[False] | list[str] | None"
Filter: TypeAlias = "Mapping[str, Any] | None"


class Extras:
    """The part of :class:`LGStore` that LangGraph does not know. Each method has a twin for coroutines.

    What they give are the types of the native interface: :class:`lgstore.Item` has `version` and `expires_at`.
    """

    native: Store
    ttl_config: TTLConfig | None
    _ranked: Ranked | None
    _refresh: bool | None

    def get_versioned(self, namespace: Namespace, key: str, *, refresh_ttl: bool | None = None) -> Item | None:
        """The item with its version and its expiry."""
        return run(self._get_versioned(namespace, key, refresh_ttl))

    async def aget_versioned(self, namespace: Namespace, key: str, *, refresh_ttl: bool | None = None) -> Item | None:
        """`get_versioned` for coroutines."""
        return await arun(self._get_versioned(namespace, key, refresh_ttl))

    def put_if_absent(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """Creates the item if there is none; else the outcome has the one that is there."""
        return run(self._conditional("put_if_absent", namespace, key, value, index, ttl))

    async def aput_if_absent(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """`put_if_absent` for coroutines."""
        return await arun(self._conditional("put_if_absent", namespace, key, value, index, ttl))

    def update_if_exists(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """Replaces the item if there is one."""
        return run(self._conditional("update_if_exists", namespace, key, value, index, ttl))

    async def aupdate_if_exists(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """`update_if_exists` for coroutines."""
        return await arun(self._conditional("update_if_exists", namespace, key, value, index, ttl))

    def compare_and_set(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        expected_version: str | None = None,
        expected_value: Mapping[str, Any] | None = None,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """Replaces the item if it has this version, or this value (as JSON: the order of members is nothing).

        Exactly one of the two is expected.
        """
        expected = _expected(expected_version, expected_value)
        return run(self._conditional("compare_and_set", namespace, key, value, index, ttl, expected))

    async def acompare_and_set(
        self,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any],
        index: Index = None,
        *,
        expected_version: str | None = None,
        expected_value: Mapping[str, Any] | None = None,
        ttl: Minutes = NOT_PROVIDED,
    ) -> Outcome:
        """`compare_and_set` for coroutines."""
        expected = _expected(expected_version, expected_value)
        return await arun(self._conditional("compare_and_set", namespace, key, value, index, ttl, expected))

    def delete_if_exists(self, namespace: Namespace, key: str) -> Outcome:
        """Removes the item and tells whether there was one."""
        return run(self._conditional("delete_if_exists", namespace, key))

    async def adelete_if_exists(self, namespace: Namespace, key: str) -> Outcome:
        """`delete_if_exists` for coroutines."""
        return await arun(self._conditional("delete_if_exists", namespace, key))

    def delete_if_value(
        self,
        namespace: Namespace,
        key: str,
        *,
        expected_version: str | None = None,
        expected_value: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Removes the item if it has this version, or this value."""
        expected = _expected(expected_version, expected_value)
        return run(self._conditional("delete_if_value", namespace, key, expected=expected))

    async def adelete_if_value(
        self,
        namespace: Namespace,
        key: str,
        *,
        expected_version: str | None = None,
        expected_value: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """`delete_if_value` for coroutines."""
        expected = _expected(expected_version, expected_value)
        return await arun(self._conditional("delete_if_value", namespace, key, expected=expected))

    def delete_prefix(self, namespace_prefix: Namespace, /, *, filter: Filter = None) -> int:
        """Removes the items at and below a prefix, () being everywhere, and gives their number.

        It is not atomic: an item that is put meanwhile may go or stay.
        """
        return run(self._delete_prefix(namespace_prefix, filter))

    async def adelete_prefix(self, namespace_prefix: Namespace, /, *, filter: Filter = None) -> int:
        """`delete_prefix` for coroutines."""
        return await arun(self._delete_prefix(namespace_prefix, filter))

    def count(self, namespace_prefix: Namespace = (), /, *, filter: Filter = None) -> int:
        """The number of items at and below a prefix."""
        return int(self.native.call("count", _request.scope(namespace_prefix, filter)))

    async def acount(self, namespace_prefix: Namespace = (), /, *, filter: Filter = None) -> int:
        """`count` for coroutines."""
        return int(await self.native.acall("count", _request.scope(namespace_prefix, filter)))

    def search_page(
        self,
        namespace_prefix: Namespace,
        /,
        *,
        filter: Filter = None,
        limit: int = 10,
        order: str = "updated_at desc",
        cursor: str | None = None,
        refresh_ttl: bool | None = None,
    ) -> Page:
        """A part of a search, and the cursor of the part after it.

        With a cursor no item that stays as it is is passed over or seen twice while others are written.
        `order` is "key", "updated_at" or "created_at", each with " asc" or " desc"; "key" is the cheapest.
        """
        return run(self._search_page(namespace_prefix, filter, limit, order, cursor, refresh_ttl))

    async def asearch_page(
        self,
        namespace_prefix: Namespace,
        /,
        *,
        filter: Filter = None,
        limit: int = 10,
        order: str = "updated_at desc",
        cursor: str | None = None,
        refresh_ttl: bool | None = None,
    ) -> Page:
        """`search_page` for coroutines."""
        return await arun(self._search_page(namespace_prefix, filter, limit, order, cursor, refresh_ttl))

    def iter_search(
        self,
        namespace_prefix: Namespace = (),
        /,
        *,
        filter: Filter = None,
        order: str = "key",
        page_size: int = 100,
        refresh_ttl: bool = False,
    ) -> Iterator[Item]:
        """All items at and below a prefix, fetched in pages as they are asked for."""
        encode(namespace_prefix)
        return self.native.iter_search(
            namespace_prefix, filter=filter, order=order, page_size=page_size, refresh_ttl=refresh_ttl
        )

    def aiter_search(
        self,
        namespace_prefix: Namespace = (),
        /,
        *,
        filter: Filter = None,
        order: str = "key",
        page_size: int = 100,
        refresh_ttl: bool = False,
    ) -> AsyncIterator[Item]:
        """`iter_search` for coroutines."""
        encode(namespace_prefix)
        return self.native.aiter_search(
            namespace_prefix, filter=filter, order=order, page_size=page_size, refresh_ttl=refresh_ttl
        )

    def iter_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        page_size: int = 100,
    ) -> Iterator[Namespace]:
        """All namespaces that hold an item, fetched in pages as they are asked for."""
        encode(prefix or ())
        encode(suffix or ())
        return self.native.iter_namespaces(prefix=prefix, suffix=suffix, max_depth=max_depth, page_size=page_size)

    def aiter_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Namespace]:
        """`iter_namespaces` for coroutines."""
        encode(prefix or ())
        encode(suffix or ())
        return self.native.aiter_namespaces(prefix=prefix, suffix=suffix, max_depth=max_depth, page_size=page_size)

    def health(self, *, write: bool = False) -> Health:
        """How the store is; `write` tries a write, too."""
        return self.native.health(write=write)

    async def ahealth(self, *, write: bool = False) -> Health:
        """`health` for coroutines."""
        return await self.native.ahealth(write=write)

    def metrics(self) -> dict[str, Any]:
        """Counters and latencies: docs/metrics.md. It blocks for microseconds only."""
        return self.native.metrics()

    def _get_versioned(self, namespace: Namespace, key: str, refresh_ttl: bool | None) -> Flow[Item | None]:
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        return item_of((yield Ask(self.native, "get", _request.get(namespace, key, refresh))))

    def _conditional(
        self,
        op: str,
        namespace: Namespace,
        key: str,
        value: Mapping[str, Any] | None = None,
        index: Index = None,
        ttl: Minutes = NOT_PROVIDED,
        expected: bytes = b"",
    ) -> Flow[Outcome]:
        members = [_request.address(namespace, key)]
        text = None
        if not op.startswith("delete"):
            encode_for_put(namespace)
            text = _request.value_of(value)
            members.append(b',"value":%b%b' % (text, _ttl.member(self.ttl_config, ttl)))
        body = b"{%b%b}" % (b"".join(members), expected)
        if self._ranked is None:
            return outcome_of((yield Ask(self.native, op, body)))
        write = self._ranked.write_of(namespace, key, text, index)
        return (yield from self._ranked.conditional(op, body, write))

    def _delete_prefix(self, prefix: Namespace, filter: Filter) -> Flow[int]:
        answer = yield Ask(self.native, "delete_prefix", _request.scope(prefix, filter))
        if self._ranked is not None:
            yield from self._ranked.collect(prefix)
        return int(answer)

    def _search_page(
        self,
        prefix: Namespace,
        filter: Filter,
        limit: int,
        order: str,
        cursor: str | None,
        refresh_ttl: bool | None,
    ) -> Flow[Page]:
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        body = _request.search(prefix, filter, limit, 0, refresh, order=_request.member(order, "order"), cursor=cursor)
        return page_of((yield Ask(self.native, "search", body)))


def _expected(version: str | None, value: Mapping[str, Any] | None) -> bytes:
    if (version is None) == (value is None):
        message = "exactly one of expected_version and expected_value is needed"
        raise ValidationError("invalid_arg", message, field="expected_version")
    if value is None:
        return b',"expected_version":%b' % _request.member(version, "expected_version")
    return b',"expected_value":%b' % _json.dumps(value, "expected_value")
