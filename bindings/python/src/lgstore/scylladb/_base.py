"""A facade store's life, its options that may change, and how it is observed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import lgstore
from lgstore import _json

from . import _requests as requests
from ._connection import Connection
from ._observe import guide_health, guide_metrics
from ._options import Config, assembled, profile_options
from .breaker import CircuitBreaker
from .ops import ConsistencyLevel, ExecutionProfile, TTLConfig

if TYPE_CHECKING:
    from typing_extensions import Self

    from lgstore.langgraph import LGStore

T = TypeVar("T")


class ShardInfo(TypedDict):
    """What :meth:`Base.get_shard_awareness_info` gives."""

    is_shard_aware: bool
    """Whether requests go straight to the shard of a ScyllaDB node that has the item."""
    shard_stats: dict[str, Any]
    """Per node that has shards, by its address: how many."""


class Base:
    """Everything of :class:`AsyncScyllaDBStore` but the operations on items."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        contact_points: Sequence[str] | str | None = None,
        keyspace: str | None = None,
        ttl: TTLConfig | Mapping[str, Any] | None = None,
        execution_profiles: Mapping[str, ExecutionProfile] | None = None,
        runtime: lgstore.Runtime | None = None,
        **options: Any,
    ) -> None:
        """Makes a store. Checks the arguments and connects to nothing: :meth:`setup` does, or the first operation.

        config: a URL (``"scylla://h1,h2/keyspace"``, ``"file:memory.db"``, ``"memory:"``), or a
            document as ``docs/configuration.md`` describes it. Not needed with ``contact_points``.
        contact_points: nodes to begin with, ``"host"`` or ``"host:port"``.
        keyspace: the keyspace that holds the tables; it is created if need be.
        ttl: times to live in seconds.
        execution_profiles: profiles that calls may name; ``"default"`` is what other calls have.
        runtime: the threads to run on; ``None`` = the process's own.
        options: any further option by its name: ``local_datacenter="dc1"``, ``tls={…}``.
        Raises StoreConfigurationError: an option is wrong; ``field`` names it.
        """
        self._ttl = TTLConfig(**ttl) if isinstance(ttl, Mapping) else ttl
        together = assembled(config, contact_points, keyspace, self._ttl, execution_profiles, options)
        self._connection = Connection(together, runtime)
        self._circuit_breaker = CircuitBreaker(self._connection)

    @classmethod
    def from_contact_points(cls, contact_points: Sequence[str] | str, keyspace: str, **options: Any) -> Self:
        """A store on a cluster, for ``async with``; the options are the constructor's."""
        return cls(contact_points=contact_points, keyspace=keyspace, **options)

    @classmethod
    async def create(cls, config: Config | None = None, **options: Any) -> Self:
        """A store that is set up already; the arguments are the constructor's."""
        return await cls(config, **options).__aenter__()

    # ---- Its life ----

    async def setup(self) -> None:
        """Connects, and creates keyspace and tables where they are missing. May be called again.

        Raises StoreConnectionError: no node could be reached in time.
        Raises StoreConfigurationError: an option does not fit what is there: a data centre, a certificate.
        """
        await self._acall(requests.Request("open", {}, requests.nothing))

    async def aclose(self) -> None:
        """Closes the store when running operations have ended, at the latest after 10 seconds. May be called again."""
        await self._connection.aclose()

    def close(self) -> None:
        """:meth:`aclose` that blocks its thread."""
        self._connection.close()

    async def __aenter__(self) -> Self:
        try:
            await self.setup()
        except BaseException:
            await self.aclose()  # Nobody else does: there is no __aexit__ without an __aenter__.
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def native(self) -> lgstore.Store:
        """The library's own store, for what the guide has no name for: versions, cursors, counts, prefixes.

        It stays open as long as this store.
        """
        return self._connection.share()

    def langgraph(self, **options: Any) -> LGStore:
        """A LangGraph ``BaseStore`` on the same items, with times to live in minutes; needs ``langgraph``.

        It lives as long as this store, and has this store's ``ttl`` unless the options say otherwise: they
        are those of :class:`lgstore.langgraph.LGStore`. With an ``index``, vectors are kept beside this store's
        items, in a store that is closed with the one given here.
        """
        from lgstore.langgraph import LGStore, _config

        if self._ttl is not None:
            options.setdefault("ttl", self._ttl.as_langgraph())
        if options.get("index") is not None and options.get("vectors") is None:
            options["vectors"] = _config.beside(self._connection.config)
        return LGStore(self._connection.share(), **options)

    # ---- Circuit breaker and profiles ----

    @property
    def circuit_breaker(self) -> CircuitBreaker:
        """The circuit breaker's state."""
        return self._circuit_breaker

    def enable_circuit_breaker(
        self, failure_threshold: int = 5, success_threshold: int = 3, timeout_seconds: float = 30.0
    ) -> None:
        """Turns the circuit breaker on, with these figures; on a cluster it is on anyway, with the defaults.

        A store that is connected already connects anew, and begins to count its metrics anew; what is running
        goes on. A store in memory takes this only before its first item, while nobody else uses it, or as
        the option ``breaker`` when it is made.

        failure_threshold: failures in a row that open it.
        success_threshold: successes in a row that close it again.
        timeout_seconds: seconds that it stays open before it lets a few requests through.
        """
        self._connection.change(
            {
                "breaker": {
                    "enabled": True,
                    "failure_threshold": failure_threshold,
                    "success_threshold": success_threshold,
                    "timeout": timeout_seconds,
                }
            }
        )

    def create_standard_profiles(self) -> None:
        """Does nothing: ``strong_reads`` (QUORUM, 30 s), ``fast_writes`` (ONE, 5 s), ``lwt_operations``
        (SERIAL, 30 s) and ``analytics`` (ALL, 60 s) are always there."""

    def add_execution_profile(
        self,
        name: str,
        consistency_level: ConsistencyLevel | str | None = None,
        request_timeout: float | None = None,
        serial_consistency_level: ConsistencyLevel | str | None = None,
    ) -> None:
        """Adds a profile that calls may name (``profile=name``), or changes one; ``"default"`` is all other calls'.

        A store that is connected already connects anew; what is running goes on. Embedded, profiles may be
        named but mean nothing.
        """
        profile = ExecutionProfile(consistency_level, request_timeout, serial_consistency_level)
        self._connection.change(profile_options(name, profile))

    # ---- The cluster ----

    async def warmup_connections(self, num_queries: int = 20) -> None:
        """Opens connections to every node before they are needed, then sends this many reads at once."""
        await self._acall(requests.Request("warmup", {}, requests.nothing))
        read = requests.Request("get", {"namespace": ["warmup"], "key": ""}, requests.nothing)
        await asyncio.gather(*(self._acall(read) for _ in range(num_queries)))

    def get_shard_awareness_info(self) -> ShardInfo:
        """Which nodes have shards; asks the cluster, and waits for its answer."""
        return self._call(requests.Request("cluster_info", {}, _shards))

    async def aget_shard_awareness_info(self) -> ShardInfo:
        """:meth:`get_shard_awareness_info`, awaited."""
        return await self._acall(requests.Request("cluster_info", {}, _shards))

    # ---- Observation ----

    async def health_check(self) -> dict[str, Any]:
        """How the store is: ``status`` (``healthy``, ``degraded``, ``unhealthy``), ``latency_ms``, ``checks``.

        A store that is not well is an answer and not an error. It only reads. The checks are listed in
        ``docs/metrics.md``; an embedded engine's stands under ``cluster_connectivity`` too.
        """
        return await self._acall(
            requests.Request("health", {}, lambda answer: guide_health(_json.loads(bytes(answer))))
        )

    async def get_metrics(self) -> dict[str, Any]:
        """What was counted, in the guide's shape: ``total_queries``, ``avg_latency_ms``, ``batch_stats``, …

        ``docs/scylladb-store.md`` lists the members.
        """
        return self._connection.ask(lambda core: guide_metrics(core.metrics()))

    async def export_prometheus_metrics(self) -> str:
        """The metrics as text for Prometheus, under the library's names and the guide's."""
        return self._connection.ask(lambda core: core.metrics_prometheus())

    async def reset_metrics(self) -> None:
        """Begins to count anew."""
        self._connection.ask(lambda core: core.metrics(reset=True))

    # ---- Inside ----

    def _call(self, request: requests.Request[T], profile: str | None = None, timeout: float | None = None) -> T:
        return self._connection.call(request, profile, timeout)

    async def _acall(self, request: requests.Request[T], profile: str | None = None, timeout: float | None = None) -> T:
        return await self._connection.acall(request, profile, timeout)


def _shards(answer: requests.Answer) -> ShardInfo:
    info = _json.loads(bytes(answer))
    return {"is_shard_aware": info.get("is_shard_aware", False), "shard_stats": info.get("shard_stats", {})}
