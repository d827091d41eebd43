"""The operations of a store, for coroutines. Made by tools/twins.py; change _blocking.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from . import batch as batches
from . import item as items
from ._blocking import PAGE_SIZE
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


class Awaited(Handle):
    """The base of :class:`lgstore.Store` with its operations for coroutines.

    They are those without the a, awaited, on any event loop. Cancelling an await cancels the operation where it
    runs; whether a write that was cancelled has taken effect is not known then.
    """

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
        return items.item_of(await self._acall(OPS["get"], body, microseconds(timeout)))

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
        await self._acall(OPS["put"], body, microseconds(timeout))

    async def adelete(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, **options: Unpack[WriteOptions]
    ) -> None:
        """`delete`, awaited."""
        await self._acall(OPS["delete"], DeleteBody(namespace, key, **options).text(), microseconds(timeout))

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
        return items.page_of(await self._acall(OPS["search"], body.text(), microseconds(timeout)))

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
        return items.namespaces_of(await self._acall(OPS["list_namespaces"], body.text(), microseconds(timeout)))

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
        return items.number_of(await self._acall(OPS["count"], body, microseconds(timeout)))

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
        return items.number_of(await self._acall(OPS["delete_prefix"], body, microseconds(timeout)))

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
        body = batches.Body(ops, mode, atomicity, **options).text()
        answer = await self._acall(OPS["batch"], body, microseconds(timeout))
        return batches.results_of(ops, answer, return_exceptions)

    async def aput_if_absent(
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
        """`put_if_absent`, awaited."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(await self._acall(OPS["put_if_absent"], body, microseconds(timeout)))

    async def aupdate_if_exists(
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
        """`update_if_exists`, awaited."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(await self._acall(OPS["update_if_exists"], body, microseconds(timeout)))

    async def acompare_and_set(
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
        """`compare_and_set`, awaited."""
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
        return items.outcome_of(await self._acall(OPS["compare_and_set"], body.text(), microseconds(timeout)))

    async def adelete_if_exists(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, profile: str | None = None
    ) -> Outcome:
        """`delete_if_exists`, awaited."""
        body = DeleteBody(namespace, key, profile=given(profile)).text()
        return items.outcome_of(await self._acall(OPS["delete_if_exists"], body, microseconds(timeout)))

    async def adelete_if_value(
        self,
        namespace: Namespace,
        key: str,
        *,
        expected_value: Value | None = None,
        expected_version: str | None = None,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """`delete_if_value`, awaited."""
        body = DropBody(namespace, key, given(expected_value), given(expected_version), profile=given(profile)).text()
        return items.outcome_of(await self._acall(OPS["delete_if_value"], body, microseconds(timeout)))

    async def aupdate(
        self,
        namespace: Namespace,
        key: str,
        change: Callable[[Item | None], Value],
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
    ) -> Outcome:
        """`update`, awaited."""
        item = await self.aget(namespace, key, refresh_ttl=False, timeout=timeout)
        while True:
            value = change(item)
            if item is None:
                outcome = await self.aput_if_absent(namespace, key, value, ttl=ttl, index=index, timeout=timeout)
            else:
                outcome = await self.acompare_and_set(
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

    async def aopen(self, *, timeout: float | None = None) -> None:
        """`open`, awaited."""
        await self._acall(OPS["open"], b"{}", microseconds(timeout))

    async def awarmup(self, *, timeout: float | None = None) -> None:
        """`warmup`, awaited."""
        await self._acall(OPS["warmup"], b"{}", microseconds(timeout))

    async def asweep(self, *, timeout: float | None = None) -> int:
        """`sweep`, awaited."""
        return items.number_of(await self._acall(OPS["sweep"], b"{}", microseconds(timeout)))

    async def ahealth(self, *, write: bool = False, timeout: float | None = None) -> Health:
        """`health`, awaited."""
        body = written({"write": write})
        return items.health_of(await self._acall(OPS["health"], body, microseconds(timeout)))

    async def acluster_info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """`cluster_info`, awaited."""
        info: dict[str, Any] = loads(await self._acall(OPS["cluster_info"], b"{}", microseconds(timeout)))
        return info

    async def amigrate(
        self, *, dry_run: bool = False, to: int | None = None, timeout: float | None = None
    ) -> Migration | None:
        """`migrate`, awaited."""
        body = written({"dry_run": dry_run} if to is None else {"dry_run": dry_run, "to": to})
        return items.migration_of(await self._acall(OPS["migrate"], body, microseconds(timeout)))

    async def areindex(self, *, timeout: float | None = None) -> int:
        """`reindex`, awaited."""
        return items.number_of(await self._acall(OPS["reindex"], b"{}", microseconds(timeout)))

    async def abackup(self, path: str, *, timeout: float | None = None) -> None:
        """`backup`, awaited."""
        await self._acall(OPS["backup"], written({"path": exact(path, "path")}), microseconds(timeout))

    async def aadvance(self, seconds: float, *, timeout: float | None = None) -> None:
        """`advance`, awaited."""
        body = written({"seconds": exact(seconds, "seconds")})
        await self._acall(OPS["advance"], body, microseconds(timeout))
