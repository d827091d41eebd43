"""The operations that block their thread: made by tools/twins.py of store.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import lgstore
from lgstore import NOT_PROVIDED

from . import _requests as requests
from ._base import Base
from .ops import TTL, BatchType, Op, SearchOp


class Blocking(Base):
    """Each operation of :class:`AsyncScyllaDBStore` without its ``a``: the same, but the thread waits.

    They may be called from any thread. In a coroutine they hold up its event loop.
    """

    # ---- Items ----

    def put(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any] | None,
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """:meth:`AsyncScyllaDBStore.aput`, waiting."""
        self._call(requests.put(namespace, key, value, ttl), profile, timeout)

    def get(
        self,
        namespace: Sequence[str],
        key: str,
        *,
        refresh_ttl: bool | None = None,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> lgstore.Item | None:
        """:meth:`AsyncScyllaDBStore.aget`, waiting."""
        return self._call(requests.get(namespace, key, refresh_ttl), profile, timeout)

    def delete(
        self, namespace: Sequence[str], key: str, *, profile: str | None = None, timeout: float | None = None
    ) -> None:
        """:meth:`AsyncScyllaDBStore.adelete`, waiting."""
        self._call(requests.delete(namespace, key), profile, timeout)

    def search(
        self,
        namespace_prefix: Sequence[str],
        /,
        *,
        query: str | None = None,
        filter: Mapping[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh_ttl: bool | None = None,
        fetch_size: int | None = None,
        order: str | None = None,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> list[lgstore.Item]:
        """:meth:`AsyncScyllaDBStore.asearch`, waiting."""
        op = SearchOp(namespace_prefix, filter, limit, offset, query, refresh_ttl)
        return self._call(requests.search(op, fetch_size, order), profile, timeout)

    def list_namespaces(
        self,
        *,
        prefix: Sequence[str] | None = None,
        suffix: Sequence[str] | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> list[tuple[str, ...]]:
        """:meth:`AsyncScyllaDBStore.alist_namespaces`, waiting."""
        conditions = requests.prefix_and_suffix(prefix, suffix)
        request = requests.list_namespaces(conditions, max_depth, limit, offset)
        return self._call(request, profile, timeout)

    # ---- Batches ----

    def batch(
        self,
        ops: Iterable[Op],
        *,
        batch_type: BatchType | str = BatchType.UNLOGGED,
        max_retries: int | None = None,
        retry_delay: float = 0.1,
        retry_backoff: float = 2.0,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> list[Any]:
        """:meth:`AsyncScyllaDBStore.abatch`, waiting."""
        request = requests.batch(ops, batch_type, max_retries, retry_delay, retry_backoff)
        return self._call(request, profile, timeout)

    # ---- Lightweight transactions ----

    def put_if_not_exists(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any],
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """:meth:`AsyncScyllaDBStore.aput_if_not_exists`, waiting."""
        request = requests.conditional("put_if_absent", namespace, key, ttl, value=value)
        return self._call(request, profile, timeout)

    def update_if_exists(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any],
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """:meth:`AsyncScyllaDBStore.aupdate_if_exists`, waiting."""
        request = requests.conditional("update_if_exists", namespace, key, ttl, value=value)
        return self._call(request, profile, timeout)

    def compare_and_set(
        self,
        namespace: Sequence[str],
        key: str,
        expected_value: Mapping[str, Any],
        new_value: Mapping[str, Any],
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """:meth:`AsyncScyllaDBStore.acompare_and_set`, waiting."""
        request = requests.conditional(
            "compare_and_set", namespace, key, ttl, value=new_value, expected_value=expected_value
        )
        return self._call(request, profile, timeout)

    def delete_if_exists(
        self, namespace: Sequence[str], key: str, *, profile: str | None = None, timeout: float | None = None
    ) -> bool:
        """:meth:`AsyncScyllaDBStore.adelete_if_exists`, waiting."""
        return self._call(requests.conditional("delete_if_exists", namespace, key), profile, timeout)

    def delete_if_value(
        self,
        namespace: Sequence[str],
        key: str,
        expected_value: Mapping[str, Any],
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """:meth:`AsyncScyllaDBStore.adelete_if_value`, waiting."""
        request = requests.conditional("delete_if_value", namespace, key, expected_value=expected_value)
        return self._call(request, profile, timeout)
