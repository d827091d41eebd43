"""What the library logs goes to Python's logging."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest
from common import MEMORY, PLACE

import lgstore
from lgstore import Runtime, Store
from lgstore.log import TRACE, logger

WARNING_AT_ONCE = {**MEMORY, "limits": {"warn_value_bytes": 1}}


class Kept(logging.Handler):
    """Keeps records, and says when one has come."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.came.set()


@pytest.fixture
def kept() -> Iterator[Kept]:
    """A handler on the logger, whose level is the test's own."""
    handler = Kept()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_a_warning_becomes_a_record(kept: Kept) -> None:
    with Runtime() as runtime, Store(WARNING_AT_ONCE, runtime=runtime) as store:
        store.put(PLACE, "k", {"n": 1})
        assert kept.came.wait(30)
    record = kept.records[0]
    assert (record.name, record.levelno) == ("lgstore", logging.WARNING)
    assert "above the warning threshold" in record.getMessage()
    assert record.lgstore["operation"] == "put"  # type: ignore[attr-defined]
    assert abs(record.created - logging.makeLogRecord({}).created) < 3600


def test_only_what_is_enabled_is_asked_for(kept: Kept) -> None:
    with Runtime() as runtime:
        logger.setLevel(logging.CRITICAL)
        runtime.update_log_level()
        with Store(WARNING_AT_ONCE, runtime=runtime) as store:
            store.put(PLACE, "k", {"n": 1})
        logger.setLevel(TRACE)
        runtime.update_log_level()
        with Store(WARNING_AT_ONCE, runtime=runtime) as store:
            store.put(PLACE, "k", {"n": 1})
            assert kept.came.wait(30)
    # Of the first store there is nothing: events come in their order.
    assert sum(record.levelno == logging.WARNING for record in kept.records) <= 1


def test_a_handler_may_not_wait_for_itself(kept: Kept) -> None:
    outcomes: list[object] = []
    done = threading.Event()

    def handle(record: logging.LogRecord) -> bool:
        for call in (
            lambda: store.put(PLACE, "other", {"n": 1}),
            lambda: store.get(PLACE, "k"),
            store.close,
            lambda: asyncio.run(store.aclose()),
            runtime.close,
            store.metrics,
        ):
            try:
                outcomes.append(type(call()))
            except lgstore.LgstoreError as error:
                outcomes.append(error.code)
        done.set()
        return False

    kept.addFilter(handle)
    with Runtime() as runtime, Store(WARNING_AT_ONCE, runtime=runtime) as store:
        store.put(PLACE, "k", {"n": 1})
        assert done.wait(30)
    assert outcomes[:6] == ["would_deadlock"] * 5 + [dict]


def test_nothing_is_printed_unless_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    with Runtime() as runtime, Store(WARNING_AT_ONCE, runtime=runtime) as store:
        store.put(PLACE, "k", {"n": 1})
    assert capfd.readouterr() == ("", "")
