"""Results that may be awaited and need not be.

AsyncPostgresStore has coroutines where PostgresStore has functions of the same name (setup, sweep_ttl,
start_ttl_sweeper, stop_ttl_sweeper). One store serves the users of both, so these names work with `await` and without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn, TypeVar, cast

T = TypeVar("T")


class Settled(Coroutine[Any, Any, Any]):
    """A coroutine that is over: awaited, or run as a task, it gives its result at once."""

    def result_of_await(self) -> Any:
        """The result."""
        return None

    def __await__(self) -> Generator[Any, None, Any]:
        yield from ()
        return self.result_of_await()

    def send(self, value: Any, /) -> NoReturn:
        raise StopIteration(self.result_of_await())

    def throw(
        self,
        kind: Any,
        value: BaseException | object = None,
        at: TracebackType | None = None,
        /,
    ) -> NoReturn:
        raise kind if value is None else value  # type: ignore[misc]

    def close(self) -> None:
        pass


class _Nothing(Settled):
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "None"


class _Number(int, Settled):
    """A number, or a truth value: no class can be derived from bool. Awaited it is what it was made of."""

    _exact: int

    def result_of_await(self) -> int:
        return self._exact

    def __repr__(self) -> str:
        return repr(self._exact)


def settled(result: T) -> T:
    """A result in a form that may be awaited where somebody could: inside a running loop."""
    if asyncio._get_running_loop() is None:
        return result
    if result is None:
        return cast(T, _Nothing())
    made = _Number(cast(int, result))
    made._exact = cast(int, result)
    return cast(T, made)
