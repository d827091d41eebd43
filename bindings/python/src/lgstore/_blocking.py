"""The operations of a store, blocking. tools/twins.py makes those for coroutines of this file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from . import batch as batches
from . import item as items
from ._capi import OPS
from ._handle import Handle, microseconds
from ._json import loads
from ._requests import (
    DeleteBody,
    DropBody,
    GetBody,
    Index,
    Namespace,
    NamespacesBody,
    PutBody,
    ReadOptions,
    ScopeBody,
    SearchBody,
    SwapBody,
    Ttl,
    Value,
    WriteOptions,
    conditions,
    exact,
    given,
    written,
)
from .item import Health, Item, Migration, NamespacePage, Outcome, Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

PAGE_SIZE = 100
"""How many items or namespaces an iterator asks for at once, unless told otherwise."""


class Blocking(Handle):
    """The base of :class:`lgstore.Store` with its blocking operations.

    All take `timeout` in seconds (None = the store's ``request_timeout``) and raise :class:`lgstore.LgstoreError`;
    what is not JSON in an argument is a TypeError or ValueError that names its path. They may be called on any
    thread, also of a running event loop, which then stands still.
    """

    def get(
        self,
        namespace: Namespace,
        key: str,
        *,
        refresh_ttl: bool | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> Item | None:
        """Reads an item; None where there is none, or it has expired.

        refresh_ttl: whether the expiry moves to now + the item's time to live; None = the store's
        ``ttl.refresh_on_read``.
        """
        body = GetBody(namespace, key, given(refresh_ttl), **options).text()
        return items.item_of(self._call(OPS["get"], body, microseconds(timeout)))

    def put(
        self,
        namespace: Namespace,
        key: str,
        value: Value | None,
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> None:
        """Creates or replaces an item.

        namespace: 1 to 10 labels, not empty, without ``.`` and NUL, at most 256 characters each.
        key: 0 to 1,024 bytes in UTF-8.
        value: a JSON object of at most 1,000,000 bytes, nested at most 128 deep; None deletes.
        ttl: seconds to live, at least 0.001 and at most 20 years, rounded up to whole seconds on a cluster;
        None = for ever; NOT_PROVIDED = the store's ``ttl.default_ttl``.
        index: what of it a semantic search sees, as in LangGraph.
        """
        body = PutBody(namespace, key, value, ttl, index, **options).text()
        self._call(OPS["put"], body, microseconds(timeout))

    def delete(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, **options: Unpack[WriteOptions]
    ) -> None:
        """Removes an item. It is no error if there is none."""
        self._call(OPS["delete"], DeleteBody(namespace, key, **options).text(), microseconds(timeout))

    def search(
        self,
        namespace_prefix: Namespace = (),
        *,
        filter: Value | None = None,
        query: str | None = None,
        limit: int = 10,
        offset: int = 0,
        order: str | None = None,
        refresh_ttl: bool | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> list[Item]:
        """Finds items at and below a prefix, an empty one being everywhere.

        filter: what values must match: ``{"age": {"$gte": 18}, "name": "Ada"}``. Operators are $eq $ne $gt $gte
        $lt $lte $in $nin $exists $and $or $not.
        limit: at most so many, up to the store's ``limits.search_limit`` (100,000).
        offset: passes over so many first.
        order: ``key``, ``updated_at`` or ``created_at``, each with `` asc`` or `` desc`` if wanted; None = the
        store's.
        refresh_ttl: as in `get`, for the items that are found.
        """
        return self.search_page(
            namespace_prefix,
            filter=filter,
            query=query,
            limit=limit,
            offset=offset,
            order=order,
            refresh_ttl=refresh_ttl,
            timeout=timeout,
            **options,
        ).items

    def search_page(
        self,
        namespace_prefix: Namespace = (),
        *,
        filter: Value | None = None,
        query: str | None = None,
        limit: int = 10,
        offset: int = 0,
        order: str | None = None,
        cursor: str | None = None,
        refresh_ttl: bool | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> Page:
        """`search`, with the cursor of the page after.

        cursor: goes on where the page that gave it ended; not together with offset.
        """
        body = SearchBody(
            namespace_prefix,
            given(filter),
            limit,
            offset or UNSET,
            given(order),
            given(cursor),
            given(refresh_ttl),
            given(query),
            **options,
        )
        return items.page_of(self._call(OPS["search"], body.text(), microseconds(timeout)))

    def iter_search(
        self,
        namespace_prefix: Namespace = (),
        *,
        filter: Value | None = None,
        limit: int | None = None,
        offset: int = 0,
        order: str | None = None,
        cursor: str | None = None,
        refresh_ttl: bool | None = None,
        page_size: int = PAGE_SIZE,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> Iterator[Item]:
        """Finds items as `search` does, page by page as they are asked for; limit None = all.

        Items that stay unchanged meanwhile are found once each. `timeout` is each page's.
        """
        left = limit
        while left is None or left > 0:
            page = self.search_page(
                namespace_prefix,
                filter=filter,
                limit=page_size if left is None else min(left, page_size),
                offset=offset,
                order=order,
                cursor=cursor,
                refresh_ttl=refresh_ttl,
                timeout=timeout,
                **options,
            )
            for item in page.items:
                yield item
            if page.cursor is None:
                return
            cursor, offset = page.cursor, 0
            left = None if left is None else left - len(page.items)

    def list_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> list[tuple[str, ...]]:
        """Lists the namespaces that hold an item, in their order by labels.

        prefix, suffix: they begin or end with these labels; ``*`` stands for any one label.
        max_depth: cuts what is found to so many labels, at least 1, after the conditions.
        limit, offset: as in `search`.
        """
        return self.namespaces_page(
            prefix=prefix,
            suffix=suffix,
            max_depth=max_depth,
            limit=limit,
            offset=offset,
            timeout=timeout,
            **options,
        ).namespaces

    def namespaces_page(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
        cursor: str | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> NamespacePage:
        """`list_namespaces`, with the cursor of the page after."""
        body = NamespacesBody(
            conditions(prefix, suffix), given(max_depth), limit, offset or UNSET, given(cursor), **options
        )
        return items.namespaces_of(self._call(OPS["list_namespaces"], body.text(), microseconds(timeout)))

    def iter_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        page_size: int = PAGE_SIZE,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> Iterator[tuple[str, ...]]:
        """Lists namespaces as `list_namespaces` does, all of them, page by page as they are asked for."""
        cursor = None
        while True:
            page = self.namespaces_page(
                prefix=prefix,
                suffix=suffix,
                max_depth=max_depth,
                limit=page_size,
                cursor=cursor,
                timeout=timeout,
                **options,
            )
            for namespace in page.namespaces:
                yield namespace
            cursor = page.cursor
            if cursor is None:
                return

    def count(
        self,
        namespace_prefix: Namespace = (),
        *,
        filter: Value | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> int:
        """Counts the items at and below a prefix that match the filter."""
        body = ScopeBody(namespace_prefix, given(filter), **options).text()
        return items.number_of(self._call(OPS["count"], body, microseconds(timeout)))

    def delete_prefix(
        self,
        namespace_prefix: Namespace,
        *,
        filter: Value | None = None,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> int:
        """Removes the items at and below a prefix that match the filter, and returns their number.

        It is not atomic: an item put meanwhile may go or stay.
        """
        body = ScopeBody(namespace_prefix, given(filter), profile=given(profile)).text()
        return items.number_of(self._call(OPS["delete_prefix"], body, microseconds(timeout)))

    def batch(
        self,
        ops: Iterable[batches.Op],
        *,
        mode: str = "snapshot",
        atomicity: str = "none",
        return_exceptions: bool = False,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> list[Any]:
        """Does several operations at once and returns their results in their order.

        ops: Get, Put, Delete, Search, ListNamespaces and Count of this package.
        mode: ``snapshot``: a bad operation rejects all before anything happens, reads see the state before the
        batch, of several puts of one item the last counts; ``sequential``: in order, each sees the ones before.
        atomicity: ``none``: each operation succeeds or fails for itself; ``logged``: all or nothing, at most
        ``limits.logged_batch_operations`` (100), seen half done for a moment on a cluster.
        return_exceptions: errors of single operations are among the results; else the first is raised, with the
        others done.
        """
        ops = list(ops)
        body = batches.Body(ops, mode, atomicity, **options).text()
        answer = self._call(OPS["batch"], body, microseconds(timeout))
        return batches.results_of(ops, answer, return_exceptions)

    def put_if_absent(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Creates an item only where there is none."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["put_if_absent"], body, microseconds(timeout)))

    def update_if_exists(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Replaces an item only where there is one."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["update_if_exists"], body, microseconds(timeout)))

    def compare_and_set(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        expected_value: Value | None = None,
        expected_version: str | None = None,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Replaces an item only if it has the expected value or version, one of which must be given.

        Values are compared as JSON: 1 equals 1.0, and the order of members does not matter. An item that is
        absent is not what was expected.
        """
        body = SwapBody(
            namespace,
            key,
            value,
            ttl,
            index,
            expected_value=given(expected_value),
            expected_version=given(expected_version),
            profile=given(profile),
        )
        return items.outcome_of(self._call(OPS["compare_and_set"], body.text(), microseconds(timeout)))

    def delete_if_exists(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, profile: str | None = None
    ) -> Outcome:
        """Removes an item and says whether there was one."""
        body = DeleteBody(namespace, key, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["delete_if_exists"], body, microseconds(timeout)))

    def delete_if_value(
        self,
        namespace: Namespace,
        key: str,
        *,
        expected_value: Value | None = None,
        expected_version: str | None = None,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Removes an item only if it has the expected value or version, as `compare_and_set`."""
        body = DropBody(namespace, key, given(expected_value), given(expected_version), profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["delete_if_value"], body, microseconds(timeout)))

    def update(
        self,
        namespace: Namespace,
        key: str,
        change: Callable[[Item | None], Value],
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
    ) -> Outcome:
        """Reads an item, lets `change` make a new value of it, and writes that if the item is still the same.

        Else it begins again, until it succeeds or `change` raises. `change` is given None where there is no item,
        and may be called more than once. A write whose outcome is unknown is not repeated. `timeout` is each
        operation's.
        """
        item = self.get(namespace, key, refresh_ttl=False, timeout=timeout)
        while True:
            value = change(item)
            if item is None:
                outcome = self.put_if_absent(namespace, key, value, ttl=ttl, index=index, timeout=timeout)
            else:
                outcome = self.compare_and_set(
                    namespace,
                    key,
                    value,
                    # Items that another program wrote may have no version; those are told by their value.
                    expected_value=item.value if item.version is None else None,
                    expected_version=item.version,
                    ttl=ttl,
                    index=index,
                    timeout=timeout,
                )
            if outcome.applied:
                return outcome
            item = outcome.current

    def open(self, *, timeout: float | None = None) -> None:
        """Opens file or cluster, and raises the errors of opening; the first operation does it by itself."""
        self._call(OPS["open"], b"{}", microseconds(timeout))

    def warmup(self, *, timeout: float | None = None) -> None:
        """Opens connections and fills caches."""
        self._call(OPS["warmup"], b"{}", microseconds(timeout))

    def sweep(self, *, timeout: float | None = None) -> int:
        """Reclaims expired items now, and returns their number.

        They are invisible without it, and the store sweeps by itself (``ttl.sweep_interval``). A cluster
        reclaims by itself and answers 0.
        """
        return items.number_of(self._call(OPS["sweep"], b"{}", microseconds(timeout)))

    def health(self, *, write: bool = False, timeout: float | None = None) -> Health:
        """How the store is. A store that is not well is an answer, not an error.

        write: also tries a write, in a place that no read ever shows.
        """
        body = written({"write": write})
        return items.health_of(self._call(OPS["health"], body, microseconds(timeout)))

    def cluster_info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """What the engine says of itself: docs/configuration.md, Clusters."""
        info: dict[str, Any] = loads(self._call(OPS["cluster_info"], b"{}", microseconds(timeout)))
        return info

    def migrate(
        self, *, dry_run: bool = False, to: int | None = None, timeout: float | None = None
    ) -> Migration | None:
        """Brings a cluster's schema to this library's version, or another; None = there was nothing to do.

        dry_run: only says what would be done. to: the version to go to.
        """
        body = written({"dry_run": dry_run} if to is None else {"dry_run": dry_run, "to": to})
        return items.migration_of(self._call(OPS["migrate"], body, microseconds(timeout)))

    def reindex(self, *, timeout: float | None = None) -> int:
        """Rebuilds derived data, and returns how much."""
        return items.number_of(self._call(OPS["reindex"], b"{}", microseconds(timeout)))

    def backup(self, path: str, *, timeout: float | None = None) -> None:
        """Copies the open store into a new file."""
        self._call(OPS["backup"], written({"path": exact(path, "path")}), microseconds(timeout))

    def advance(self, seconds: float, *, timeout: float | None = None) -> None:
        """Moves the store's clock forward, for tests of expiry; the configuration must say ``test_clock``."""
        body = written({"seconds": exact(seconds, "seconds")})
        self._call(OPS["advance"], body, microseconds(timeout))
