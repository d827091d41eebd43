"""The store of the founding guide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import lgstore
from lgstore import NOT_PROVIDED

from . import _requests as requests
from ._base import Base
from ._sync import Blocking
from .ops import TTL, BatchType, Op, SearchOp


class AsyncScyllaDBStore(Blocking, Base):
    """Items in namespaces on ScyllaDB or Apache Cassandra, or embedded, under the guide's names.

    ::

        async with AsyncScyllaDBStore.from_contact_points(["127.0.0.1"], "my_keyspace") as store:
            await store.aput(("users", "profile"), "user_123", {"name": "Alice"}, ttl=3600.0)

    Times to live are in **seconds**. Any event loop and any thread may use one store, also at the same
    time; a method without the ``a`` blocks its thread. It is no ``BaseStore`` of LangGraph:
    :meth:`langgraph` gives one. Errors are :class:`~lgstore.scylladb.ScyllaDBStoreError` and its
    subclasses. ``docs/scylladb-store.md`` says where this differs from the guide.

    Operations take two more arguments by name:

    - ``profile``: the execution profile to use, see :meth:`add_execution_profile`;
    - ``timeout``: seconds until the request fails as :class:`StoreTimeoutError`; ``None`` = the store's.

    Cancelling an await cancels the request in the library. A write that had begun then may still be applied.
    """

    # ---- Items ----

    async def aput(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any] | None,
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Stores an item, over one that is there.

        namespace: 1 to 10 labels.
        key: at most 1,024 bytes.
        value: a JSON object of at most 1,000,000 bytes; ``None`` deletes the item.
        ttl: seconds to live, on a cluster rounded up to whole ones; ``None`` = for ever; not given = the
            store's default.
        """
        await self._acall(requests.put(namespace, key, value, ttl), profile, timeout)

    async def aget(
        self,
        namespace: Sequence[str],
        key: str,
        *,
        refresh_ttl: bool | None = None,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> lgstore.Item | None:
        """Gives an item, or ``None`` where there is none or it has expired.

        refresh_ttl: whether it lives on for its time to live from now; ``None`` = as the store is configured.
        """
        return await self._acall(requests.get(namespace, key, refresh_ttl), profile, timeout)

    async def adelete(
        self, namespace: Sequence[str], key: str, *, profile: str | None = None, timeout: float | None = None
    ) -> None:
        """Removes an item. It is no error if there is none."""
        await self._acall(requests.delete(namespace, key), profile, timeout)

    async def asearch(
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
        """Gives items at and below a prefix, by whole labels: ``("users",)`` does not find ``("users2",)``.

        namespace_prefix: labels; ``()`` = everything.
        query: must be empty: this store has no semantic search.
        filter: members that the value must have: ``{"age": 30}``, ``{"age": {"$gte": 18}}``.
        limit: the most items, at most 100,000.
        offset: how many of the first are left out.
        refresh_ttl: whether the items returned live on for their time to live; ``None`` = as the store
            is configured.
        fetch_size: rows per page of the cluster's answer.
        order: ``key`` (the default), ``updated_at`` or ``created_at``, with `` desc`` behind it for downwards.
        """
        op = SearchOp(namespace_prefix, filter, limit, offset, query, refresh_ttl)
        return await self._acall(requests.search(op, fetch_size, order), profile, timeout)

    async def alist_namespaces(
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
        """Lists namespaces that hold a live item, in order of their labels.

        prefix: first labels; ``"*"`` is any one label.
        suffix: last labels, likewise.
        max_depth: how many labels are kept; namespaces that are then the same are listed once.
        """
        conditions = requests.prefix_and_suffix(prefix, suffix)
        request = requests.list_namespaces(conditions, max_depth, limit, offset)
        return await self._acall(request, profile, timeout)

    # ---- Batches ----

    async def abatch(
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
        """Carries out several operations; gives their results in their order, ``None`` for puts.

        All are checked first, and one that is wrong rejects all. Reads see the state before the batch, and
        of several puts of one item the last counts.

        ops: :class:`PutOp`, :class:`GetOp`, :class:`SearchOp`, :class:`ListNamespacesOp`, or LangGraph's.
        batch_type: ``LOGGED`` = all writes or none, without isolation, at most 100 operations;
            ``UNLOGGED`` = each partition's writes together, any number of operations.
        max_retries: attempts after the first, for failures that time may cure; ``None`` = as the store
            is configured (0).
        retry_delay: seconds before the first of them, made longer by a random part of as much again.
        retry_backoff: how many times longer each pause is than the one before.
        Raises BatchOperationError: some operations of an UNLOGGED batch failed; it has the results of the others.
        """
        request = requests.batch(ops, batch_type, max_retries, retry_delay, retry_backoff)
        return await self._acall(request, profile, timeout)

    # ---- Lightweight transactions ----

    async def aput_if_not_exists(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any],
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Stores an item if there is none; says whether it did."""
        request = requests.conditional("put_if_absent", namespace, key, ttl, value=value)
        return await self._acall(request, profile, timeout)

    async def aupdate_if_exists(
        self,
        namespace: Sequence[str],
        key: str,
        value: Mapping[str, Any],
        ttl: TTL = NOT_PROVIDED,
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Stores an item over one that is there; says whether there was one."""
        request = requests.conditional("update_if_exists", namespace, key, ttl, value=value)
        return await self._acall(request, profile, timeout)

    async def acompare_and_set(
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
        """Stores a value if the item still has the expected one; says whether it did.

        Values are compared as JSON: the order of members and the spelling of numbers do not matter.
        """
        request = requests.conditional(
            "compare_and_set", namespace, key, ttl, value=new_value, expected_value=expected_value
        )
        return await self._acall(request, profile, timeout)

    async def adelete_if_exists(
        self, namespace: Sequence[str], key: str, *, profile: str | None = None, timeout: float | None = None
    ) -> bool:
        """Removes an item; says whether there was one."""
        return await self._acall(requests.conditional("delete_if_exists", namespace, key), profile, timeout)

    async def adelete_if_value(
        self,
        namespace: Sequence[str],
        key: str,
        expected_value: Mapping[str, Any],
        *,
        profile: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Removes an item if it still has the expected value; says whether it did."""
        request = requests.conditional("delete_if_value", namespace, key, expected_value=expected_value)
        return await self._acall(request, profile, timeout)
