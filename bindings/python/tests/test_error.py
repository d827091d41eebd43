"""Errors tell what happened."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import pytest
from conftest import ACCEPTING, MEMORY, PLACE, STUCK, Run

import lgstore
from lgstore import Store
from lgstore.error import STATUSES, from_document, refusal


def test_a_validation_error_names_the_field(store: Store) -> None:
    with pytest.raises(lgstore.ValidationError) as caught:
        store.put(("a.b",), "k", {})
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.code, error.status, error.op) == ("invalid_arg", 1, "put")
    assert error.field == "namespace[0]"
    assert not error.retryable
    assert not error.may_have_applied
    assert error.retry_after is None
    assert str(error) == f"put: invalid_arg: namespace[0]: {error.message}"


def test_a_deadline(run: Run) -> None:
    stuck = Store(STUCK)
    with pytest.raises(lgstore.DeadlineError) as caught:
        stuck.get(PLACE, "k", timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.retryable

    async def main() -> None:
        with pytest.raises(lgstore.DeadlineError):
            await stuck.aget(PLACE, "k", timeout=0.05)

    run(main())
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(lgstore.ValidationError, match="timeout"):
            stuck.get(PLACE, "k", timeout=wrong)
    stuck.close(0)


def test_a_write_in_doubt_is_an_unknown_outcome() -> None:
    error = from_document(
        b'{"code":"unknown_outcome","message":"m","retryable":true,"may_have_applied":true,'
        b'"retry_after_ms":1500,"details":{"cause":"timeout"}}',
        "put",
    )
    assert isinstance(error, lgstore.UnknownOutcomeError)
    assert (error.may_have_applied, error.retry_after, error.details) == (True, 1.5, {"cause": "timeout"})


def test_the_rate_limiter_says_when_to_come_again() -> None:
    config = {**MEMORY, "rate_limit": {"requests_per_minute": 1, "burst": 1}}
    with Store(config) as store:
        store.count()
        with pytest.raises(lgstore.RateLimitedError) as caught:
            store.count()
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 60


def test_more_than_the_limit_in_flight_is_busy(run: Run) -> None:
    async def main() -> None:
        store = Store({**STUCK, "limits": {"inflight_operations": 3}})
        tasks = [asyncio.ensure_future(store.aget(PLACE, "k")) for _ in range(5)]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        assert all(isinstance(task.exception(), lgstore.BusyError) for task in done)
        assert len(waiting) == 3
        await store.aclose(0)
        for task in waiting:
            with pytest.raises(lgstore.ClosedError):
                await task

    run(main())


def test_every_code_has_its_number_and_survives_pickling() -> None:
    assert STATUSES["invalid_arg"] == 1
    assert STATUSES["poisoned"] == 901
    for code, status in STATUSES.items():
        error = refusal(status)
        assert (error.code, error.status) == (code, status)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert str(again) == str(error)


def test_a_panic_is_an_error() -> None:
    store = Store({"backend": "fault", "fault": {"panic_every": 1}})
    with pytest.raises(lgstore.LgstoreError) as caught:
        store.put(PLACE, "k", {})
    assert caught.value.code in ("panic", "unknown_outcome")
    store.close(0)


def test_one_callers_bad_value_is_no_others(run: Run) -> None:
    async def main() -> list[Any]:
        async with Store(ACCEPTING) as store:
            values: list[Any] = [{"n": 1}, {"n": {1}}, {"n": float("nan")}, [1], {"n": 2}]
            return await asyncio.gather(
                *(store.aput(PLACE, str(n), value) for n, value in enumerate(values)), return_exceptions=True
            )

    kinds = [type(result) for result in run(main())]
    assert kinds == [type(None), TypeError, ValueError, lgstore.ValidationError, type(None)]


def test_errors_of_threads_are_their_own(store: Store) -> None:
    seen: list[str | None] = []

    def work(field: str) -> None:
        for _ in range(200):
            with pytest.raises(lgstore.ValidationError) as caught:
                store.call("put", b'{"%s":1}' % field.encode())
            seen.append(caught.value.field)

    threads = [threading.Thread(target=work, args=(f"wrong{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen, key=str) == sorted((f"wrong{n}" for n in range(4) for _ in range(200)), key=str)
