"""Items: what is read and written of them. For coroutines: made by tools/twins.py of _blocking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
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

    async def aget(
        self,
        namespace: Namespace,
        key: str,
        *,
        refresh_ttl: bool | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> Item | None:
        """`get`, awaited."""
        body = GetBody(namespace, key, given(refresh_ttl), **options).text()
        return items.item_of(await self._acall(OPS["get"], body, of_request(timeout)))

    async def aput(
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
        """`put`, awaited."""
        body = PutBody(namespace, key, value, ttl, index, **options).text()
        await self._acall(OPS["put"], body, of_request(timeout))

    async def adelete(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, **options: Unpack[WriteOptions]
    ) -> None:
        """`delete`, awaited."""
        await self._acall(OPS["delete"], DeleteBody(namespace, key, **options).text(), of_request(timeout))

    async def asearch(
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
        """`search`, awaited."""
        return (
            await self.asearch_page(
                namespace_prefix,
                filter=filter,
                query=query,
                limit=limit,
                offset=offset,
                order=order,
                refresh_ttl=refresh_ttl,
                timeout=timeout,
                **options,
            )
        ).items

    async def asearch_page(
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
        """`search_page`, awaited."""
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
        return items.page_of(await self._acall(OPS["search"], body.text(), of_request(timeout)))

    async def aiter_search(
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
    ) -> AsyncIterator[Item]:
        """`iter_search`, awaited."""
        left = limit
        while left is None or left > 0:
            page = await self.asearch_page(
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

    async def alist_namespaces(
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
        """`list_namespaces`, awaited."""
        return (
            await self.anamespaces_page(
                prefix=prefix,
                suffix=suffix,
                max_depth=max_depth,
                limit=limit,
                offset=offset,
                timeout=timeout,
                **options,
            )
        ).namespaces

    async def anamespaces_page(
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
        """`namespaces_page`, awaited."""
        body = NamespacesBody(
            conditions(prefix, suffix), given(max_depth), limit, offset or UNSET, given(cursor), **options
        )
        return items.namespaces_of(await self._acall(OPS["list_namespaces"], body.text(), of_request(timeout)))

    async def aiter_namespaces(
        self,
        *,
        prefix: Namespace | None = None,
        suffix: Namespace | None = None,
        max_depth: int | None = None,
        page_size: int = PAGE_SIZE,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[tuple[str, ...]]:
        """`iter_namespaces`, awaited."""
        cursor = None
        while True:
            page = await self.anamespaces_page(
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

    async def acount(
        self,
        namespace_prefix: Namespace = (),
        *,
        filter: Value | None = None,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> int:
        """`count`, awaited."""
        body = ScopeBody(namespace_prefix, given(filter), **options).text()
        return items.number_of(await self._acall(OPS["count"], body, of_request(timeout)))

    async def adelete_prefix(
        self,
        namespace_prefix: Namespace,
        *,
        filter: Value | None = None,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> int:
        """`delete_prefix`, awaited."""
        body = ScopeBody(namespace_prefix, given(filter), profile=given(profile)).text()
        return items.number_of(await self._acall(OPS["delete_prefix"], body, of_request(timeout)))

    async def abatch(
        self,
        ops: Iterable[batches.Op],
        *,
        mode: str = "snapshot",
        atomicity: str = "none",
        return_exceptions: bool = False,
        timeout: float | None = None,
        **options: Unpack[ReadOptions],
    ) -> list[Any]:
        """`batch`, awaited."""
        ops = list(ops)
        body = batches.Body(ops=ops, mode=mode, atomicity=atomicity, **options).text()
        answer = await self._acall(OPS["batch"], body, of_request(timeout))
        return batches.results_of(ops, answer, return_exceptions)
