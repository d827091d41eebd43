"""What the tests share besides fixtures. Not in conftest.py: every folder has one, and `import` finds only one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]

MEMORY: dict[str, Any] = {
    "backend": "embedded",
    "test_clock": True,
    "ttl": {"refresh_slack": 0, "sweep_interval": None},
}
# Nothing is answered at once, so every request is accepted and completed.
ACCEPTING: dict[str, Any] = {"backend": "embedded", "immediate": False}
# Every request takes an hour.
STUCK: dict[str, Any] = {"backend": "fault", "fault": {"delay_us": 3_600_000_000}}
# Every request takes 5 ms.
SLOW: dict[str, Any] = {"backend": "fault", "fault": {"delay_us": 5_000}}

PLACE = ("python", "tests")
