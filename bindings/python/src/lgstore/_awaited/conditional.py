"""Writes that are done only where a condition holds. For coroutines: made by tools/twins.py of _blocking."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from .. import item as items
from .._capi import OPS
from .._requests import DeleteBody, DropBody, Index, Namespace, PutBody, SwapBody, Ttl, Value, given
from .._timeout import of_request
from ..item import Item, Outcome
from .items import Items


class Conditional(Items):
    """The conditional writes."""

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
        return items.outcome_of(await self._acall(OPS["put_if_absent"], body, of_request(timeout)))

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
        return items.outcome_of(await self._acall(OPS["update_if_exists"], body, of_request(timeout)))

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
        return items.outcome_of(await self._acall(OPS["compare_and_set"], body.text(), of_request(timeout)))

    async def adelete_if_exists(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, profile: str | None = None
    ) -> Outcome:
        """`delete_if_exists`, awaited."""
        body = DeleteBody(namespace, key, profile=given(profile)).text()
        return items.outcome_of(await self._acall(OPS["delete_if_exists"], body, of_request(timeout)))

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
        return items.outcome_of(await self._acall(OPS["delete_if_value"], body, of_request(timeout)))

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
