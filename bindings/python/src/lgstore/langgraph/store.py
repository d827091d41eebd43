"""LangGraph's store on lgstore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import Any, ClassVar, Literal, TypeVar

from langgraph.store.base import (
    NOT_PROVIDED,
    BaseStore,
    IndexConfig,
    Item,
    NamespacePath,
    NotProvided,
    Op,
    PutOp,
    Result,
    SearchItem,
    TTLConfig,
)

from lgstore import Store
from lgstore._capi import OPS
from lgstore._config import Config, merged

from . import _answer, _config, _request, _ttl
from ._batch import Batch
from ._expiry import Expiry
from ._extras import Extras
from ._flow import arun, run
from ._namespace import encode_for_put
from ._ranked import Query, Ranked
from ._settled import settled
from ._vectors import Index

Self = TypeVar("Self", bound="LGStore")

_GET, _PUT, _DELETE, _SEARCH, _BATCH, _LIST = (
    OPS[name] for name in ("get", "put", "delete", "search", "batch", "list_namespaces")
)


class LGStore(Extras, Expiry, BaseStore):
    """A LangGraph store: in memory, in one durable file, or on ScyllaDB and Apache Cassandra.

    Every method is for any thread and any event loop, several at a time; blocking ones may be called inside a
    running loop, too. What a call gives and what it was given are copies.

        with LGStore.from_conn_string("file:memory.db") as store:    # or async with
            store.put(("users", "ada"), "theme", {"mode": "dark"})
            graph = builder.compile(store=store)

    docs/langgraph-compatibility.md says where LangGraph's own stores differ, and what this one does.

    Args:
        store: An open :class:`lgstore.Store`, which stays its owner's, or a configuration (a URL, a document or
            its JSON text: docs/configuration.md) of one that this store makes and closes.
        index: Embeddings for ``search(query=…)``: `embed`, `dims`, `fields` as LangGraph has them.
        ttl: Times to live, in minutes: `default_ttl`, `refresh_on_read` (True), `sweep_interval_minutes`.
            Expired items are never returned, so `omit_expired` is always as if True.
        vectors: Where vectors are kept: another store or configuration. None = beside `store`, as far as its
            configuration tells: ``x.db-vectors`` beside ``x.db``, keyspace ``memory_vectors`` beside ``memory``.
    """

    native: Store
    """The store of the native interface: versions, expiries, cursors, every option; its times are in seconds."""

    supports_ttl: ClassVar[bool] = True  # type: ignore[misc]

    def __init__(
        self,
        store: Store | Config,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        vectors: Store | Config | None = None,
    ) -> None:
        self.ttl_config = _ttl.checked(ttl)
        self.index_config = index
        checked = None if index is None else Index(index)
        self._owned: list[Store] = []
        self._refresh: bool | None = None  # what a configuration has, `tuned` has seen to
        if isinstance(store, Store):
            if checked is not None and vectors is None:
                raise _config.unknown()
            self.native = store
            self._refresh = True
        else:
            if checked is not None and vectors is None:
                vectors = _config.beside(store)
            self.native = Store(_config.tuned(store))
            self._owned.append(self.native)
        if ttl is not None and ttl.get("refresh_on_read") is not None:
            self._refresh = ttl["refresh_on_read"]
        self._ranked: Ranked | None = None
        if checked is not None and vectors is not None:
            if not isinstance(vectors, Store):
                vectors = Store(vectors)
                self._owned.append(vectors)
            self._ranked = Ranked(self.native, vectors, checked)
        self._sweeper = _ttl.Sweeper(self, type(self)._sweep)

    # Life

    @classmethod
    def from_conn_string(
        cls: type[Self],
        conn_string: Config,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        vectors: Store | Config | None = None,
        **options: Any,
    ) -> Self:
        """A store for ``with`` and for ``async with``, which open it and close it.

        Args:
            conn_string: ``memory:``, ``file:/path/x.db``, ``scylla://host1,host2/keyspace``, or what else
                docs/configuration.md names.
            index: As :class:`LGStore`.
            ttl: As :class:`LGStore`; in minutes.
            vectors: As :class:`LGStore`.
            options: More members of the configuration: ``durability="normal"``, ``limits={"value_bytes": …}``.
        """
        return cls(merged(conn_string, options), index=index, ttl=ttl, vectors=vectors)

    def setup(self) -> None:
        """Opens the store, and makes or migrates what it needs. Operations do so by themselves, too.

        It may be awaited, as that of AsyncPostgresStore, but blocks while it works; see `asetup`.
        """
        for store in self._stores():
            store.call("open")
        return settled(None)

    async def asetup(self) -> None:
        """`setup` for coroutines."""
        for store in self._stores():
            await store.acall("open")

    def close(self, timeout: float | None = 10.0) -> None:
        """Stops the sweeper and closes what this store has opened.

        Running operations, and a sweep, have `timeout` seconds each to end; None = as long as they need.
        """
        timeout = _ttl.patience(timeout)
        with ExitStack() as closing:  # all of them, whatever becomes of one
            for store in self._owned:
                closing.callback(store.close, timeout)
            self._sweeper.stop(timeout)

    async def aclose(self, timeout: float | None = 10.0) -> None:
        """`close` for coroutines."""
        timeout = _ttl.patience(timeout)
        async with AsyncExitStack() as closing:
            for store in self._owned:
                closing.push_async_callback(store.aclose, timeout)
            await self._sweeper.astop(timeout)

    def _stores(self) -> list[Store]:
        return [self.native] if self._ranked is None else [self.native, self._ranked.vectors]

    def __enter__(self: Self) -> Self:
        try:
            self.setup()
        except BaseException:
            self.close(0)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self: Self) -> Self:
        try:
            await self.asetup()
        except BaseException:
            await self.aclose(0)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    # One item

    def get(self, namespace: tuple[str, ...], key: str, *, refresh_ttl: bool | None = None) -> Item | None:
        """The item, or None; expired ones are not there."""
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        return _answer.get(self.native._call(_GET, _request.get(namespace, key, refresh), 0))

    async def aget(self, namespace: tuple[str, ...], key: str, *, refresh_ttl: bool | None = None) -> Item | None:
        """`get` for coroutines."""
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        return _answer.get(await self.native._acall(_GET, _request.get(namespace, key, refresh), 0))

    def put(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any],
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
    ) -> None:
        """Creates or replaces an item. Its created_at stays.

        Args:
            namespace: At least one label.
            key: Made a string.
            value: A mapping that is JSON.
            index: None = the configured fields are embedded, False = nothing, else these paths.
            ttl: Minutes, fractions allowed; None = never expires; not given = `default_ttl`.

        Raises:
            InvalidNamespaceError: The namespace can't hold items.
            TypeError, ValueError: Something in the value is not JSON; the message names the path.
            LgstoreError: The store could not do it.
        """
        if value is None:
            encode_for_put(namespace)  # as LangGraph has it; a delete is free to remove what is there
            self.delete(namespace, key)
            return
        text = _request.value_of(value)
        body = _request.put(namespace, key, text, _ttl.member(self.ttl_config, ttl))
        if self._ranked is None:
            self.native._call(_PUT, body, 0)
        else:
            run(self._ranked.put(self._ranked.write_of(namespace, key, text, index), body))

    async def aput(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: Mapping[str, Any],
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
    ) -> None:
        """`put` for coroutines."""
        if value is None:
            encode_for_put(namespace)
            await self.adelete(namespace, key)
            return
        text = _request.value_of(value)
        body = _request.put(namespace, key, text, _ttl.member(self.ttl_config, ttl))
        if self._ranked is None:
            await self.native._acall(_PUT, body, 0)
        else:
            await arun(self._ranked.put(self._ranked.write_of(namespace, key, text, index), body))

    def delete(self, namespace: tuple[str, ...], key: str) -> None:
        """Removes an item; that there is none is no error."""
        if self._ranked is None:
            self.native._call(_DELETE, _request.delete(namespace, key), 0)
        else:
            self.batch([PutOp(namespace, str(key), None)])

    async def adelete(self, namespace: tuple[str, ...], key: str) -> None:
        """`delete` for coroutines."""
        if self._ranked is None:
            await self.native._acall(_DELETE, _request.delete(namespace, key), 0)
        else:
            await self.abatch([PutOp(namespace, str(key), None)])

    # Many items

    def search(
        self,
        namespace_prefix: tuple[str, ...],
        /,
        *,
        query: str | None = None,
        filter: dict[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh_ttl: bool | None = None,
    ) -> list[SearchItem]:
        """Items at and below a prefix, () being everywhere: the last written first, or ranked by `query`.

        Args:
            namespace_prefix: Whole labels.
            query: What the items should be alike to; items without vectors are left out then, and `score` is the
                cosine. Ignored where the store has no index configuration.
            filter: Members that must be equal, or ``{"$gt": 1}`` with $eq $ne $gt $gte $lt $lte $in $nin $exists;
                also $and $or $not.
            limit: How many at most.
            offset: How many to pass over.
            refresh_ttl: Whether the expiry of the items that are returned moves; None = as configured.
        """
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        if query and self._ranked is not None:
            return run(self._ranked.ask(Query(namespace_prefix, query, filter, limit, offset, refresh)))
        body = _request.search(namespace_prefix, filter, limit, offset, refresh)
        return _answer.search(self.native._call(_SEARCH, body, 0))

    async def asearch(
        self,
        namespace_prefix: tuple[str, ...],
        /,
        *,
        query: str | None = None,
        filter: dict[str, Any] | None = None,
        limit: int = 10,
        offset: int = 0,
        refresh_ttl: bool | None = None,
    ) -> list[SearchItem]:
        """`search` for coroutines."""
        refresh = _ttl.refreshes(self._refresh, refresh_ttl)
        if query and self._ranked is not None:
            return await arun(self._ranked.ask(Query(namespace_prefix, query, filter, limit, offset, refresh)))
        body = _request.search(namespace_prefix, filter, limit, offset, refresh)
        return _answer.search(await self.native._acall(_SEARCH, body, 0))

    def list_namespaces(
        self,
        *,
        prefix: NamespacePath | None = None,
        suffix: NamespacePath | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[tuple[str, ...]]:
        """Namespaces that hold an item, in the order of their labels. ``"*"`` in a path is any one label."""
        body = _request.list_namespaces(_request.conditions(prefix, suffix), max_depth, limit, offset)
        return _answer.list_namespaces(self.native._call(_LIST, body, 0))

    async def alist_namespaces(
        self,
        *,
        prefix: NamespacePath | None = None,
        suffix: NamespacePath | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[tuple[str, ...]]:
        """`list_namespaces` for coroutines."""
        body = _request.list_namespaces(_request.conditions(prefix, suffix), max_depth, limit, offset)
        return _answer.list_namespaces(await self.native._acall(_LIST, body, 0))

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Several operations in one request, their results in the same order.

        All are checked first; one that is wrong refuses the batch. Reads see the state before the batch, and of
        several writes of one item the last counts. An operation that fails when it runs does not keep the
        others from being done: the error that is raised has `results`, what became of each.
        """
        batch = Batch(ops, self._ranked, self.ttl_config, self._refresh)
        if batch.is_plain:
            return batch.results(self.native._call(_BATCH, batch.body(), 0))
        return run(batch.flow())

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """`batch` for coroutines."""
        batch = Batch(ops, self._ranked, self.ttl_config, self._refresh)
        if batch.is_plain:
            return batch.results(await self.native._acall(_BATCH, batch.body(), 0))
        return await arun(batch.flow())
