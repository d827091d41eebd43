"""The names that LangGraph's durable stores have for reclaiming what has expired."""

from __future__ import annotations

from langgraph.store.base import TTLConfig

from lgstore import Store

from . import _ttl
from ._flow import Ask, Flow, arun, run
from ._ranked import Ranked
from ._settled import settled


class Expiry:
    """The part of :class:`LGStore` that sweeps."""

    native: Store
    ttl_config: TTLConfig | None
    _ranked: Ranked | None
    _sweeper: _ttl.Sweeper

    def sweep_ttl(self) -> int:
        """Reclaims expired items now, and gives their number; a cluster does that by itself and answers 0.

        Expired items are invisible without it. With an index, vectors that belong to no item are removed, too.
        It may be awaited, as that of AsyncPostgresStore, but blocks while it works; see `asweep_ttl`.
        """
        return settled(self._sweep())

    async def asweep_ttl(self) -> int:
        """`sweep_ttl` for coroutines."""
        return await arun(self._sweeping())

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> _ttl.SweeperFuture:
        """Sweeps now and then, on a thread of its own; the first time after one interval.

        Args:
            sweep_interval_minutes: None = the configuration's, else 5.

        Returns:
            A future that is done when the sweeper has stopped, and stops it when it is cancelled; of the sweeper
            that runs already, if one does. Without a TTL configuration nothing is started, and it is done.
            It may be awaited, as that of AsyncPostgresStore, which gives the future itself.
        """
        if not self.ttl_config:
            return _ttl.finished()
        minutes = sweep_interval_minutes or self.ttl_config.get("sweep_interval_minutes") or 5
        _ttl.seconds(minutes, "sweep_interval_minutes")
        return self._sweeper.start(float(minutes))

    async def astart_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> _ttl.SweeperFuture:
        """`start_ttl_sweeper` for coroutines."""
        return self.start_ttl_sweeper(sweep_interval_minutes)

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Stops the sweeper; False if it was still sweeping after `timeout` seconds (None = wait).

        It may be awaited, as that of AsyncPostgresStore.
        """
        return settled(self._sweeper.stop(timeout))

    async def astop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """`stop_ttl_sweeper` for coroutines."""
        return await self._sweeper.astop(timeout)

    def _sweep(self) -> int:
        return run(self._sweeping())

    def _sweeping(self) -> Flow[int]:
        answer = yield Ask(self.native, "sweep")
        if self._ranked is not None:
            yield from self._ranked.collect()
        return int(answer)
