"""Items: what is read and written of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from .. import batch as batches
from .. import item as items
from .._capi import OPS
from .._handle import Handle
from .._requests import (
    PAGE_SIZE,
    DeleteBody,
    GetBody,
    Index,
    Namespace,
    NamespacesBody,
    PutBody,
    ReadOptions,
    ScopeBody,
    SearchBody,
    Ttl,
    Value,
    WriteOptions,
    conditions,
    given,
)
from .._timeout import of_request
from ..item import Item, NamespacePage, Page

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Items(Handle):
    """The operations on items, without the conditional writes."""

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
        return items.item_of(self._call(OPS["get"], body, of_request(timeout)))

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
        self._call(OPS["put"], body, of_request(timeout))

    def delete(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, **options: Unpack[WriteOptions]
    ) -> None:
        """Removes an item. It is no error if there is none."""
        self._call(OPS["delete"], DeleteBody(namespace, key, **options).text(), of_request(timeout))

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
        return items.page_of(self._call(OPS["search"], body.text(), of_request(timeout)))

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
        return items.namespaces_of(self._call(OPS["list_namespaces"], body.text(), of_request(timeout)))

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
        return items.number_of(self._call(OPS["count"], body, of_request(timeout)))

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
        return items.number_of(self._call(OPS["delete_prefix"], body, of_request(timeout)))

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
        body = batches.Body(ops=ops, mode=mode, atomicity=atomicity, **options).text()
        answer = self._call(OPS["batch"], body, of_request(timeout))
        return batches.results_of(ops, answer, return_exceptions)
