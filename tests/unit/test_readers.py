"""Readers: rows of requests take turns, and one that never ends takes nobody with it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.server import readers as module
from burnish.server.readers import Readers
from burnish.server.refusal import Refused


@contextmanager
def running(count: int = 1, seconds: float = 0.2, most_lost: int = 2) -> Iterator[Readers]:
    found = Readers(count, seconds, most_lost)
    yield found
    found.close()


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def within() -> Any:
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(within())


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def loop_for_ever(_: Any) -> None:
    while True:
        time.sleep(0.001)


def until(said: Callable[[], bool]) -> None:
    deadline = soon()
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_in_order_and_each_error_alone() -> None:
    def work(number: int) -> float:
        time.sleep(0.002 * (number % 3))
        return 1 / (number - 5)

    with running(3) as found:
        results = run(lambda: found.each(work, range(20), soon()))
    assert isinstance(results[5], ZeroDivisionError)
    assert [r for r in results if isinstance(r, float)] == [1 / (n - 5) for n in range(20) if n != 5]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError])
def test_no_error_ends_a_thread(error: type[BaseException]) -> None:
    def work(number: int) -> int:
        if number == 1:
            raise error
        return number

    with running() as found:
        results = run(lambda: found.each(work, range(3), soon()))
        assert (results[0], type(results[1]), results[2]) == (0, error, 2)


def test_a_small_request_waits_for_one_row_of_a_large_one() -> None:
    order: list[str] = []

    def work(name: str) -> None:
        time.sleep(0.02)
        order.append(name)

    async def both() -> None:
        large = asyncio.create_task(found.each(work, ["large"] * 30, soon()))
        await asyncio.sleep(0.07)
        await found.each(work, ["small"], soon())
        await large

    with running(seconds=5) as found:
        run(both)
    assert order.index("small") <= 7


def test_no_row_is_begun_after_the_deadline_or_for_a_client_that_left() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        time.sleep(0.03)

    async def late() -> None:
        with pytest.raises(TimeoutError):
            await found.each(work, range(100), soon(0.1))
        task = asyncio.create_task(found.each(work, range(100, 200), soon()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
        await found.each(work, [-1], soon())

    with running(seconds=5) as found:
        run(late)
        count = len(begun)
        time.sleep(0.1)
    assert begun[-1] == -1
    assert len(begun) == count <= 12


def test_a_row_that_never_ends_has_an_error_and_the_others_have_answers() -> None:
    """Python code is ended at its next step, so that no thread stays behind."""
    before = set(threading.enumerate())

    def work(number: int) -> int:
        if number in (1, 2):
            loop_for_ever(number)
        return number

    with running(2) as found:
        results = run(lambda: found.each(work, range(5), soon()))
        until(lambda: found.lost == 0)
        assert [results[i] for i in (0, 3, 4)] == [0, 3, 4]
        for problem in results[1:3]:
            assert isinstance(problem, InputError)
            assert "within 0.2 s" in str(problem)
        assert len(set(threading.enumerate()) - before) == 2
        assert run(lambda: found.each(work, [7, 8], soon())) == [7, 8]


def test_rows_that_foreign_code_does_not_come_back_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that cannot be ended is left behind; when too many are, the model says so, until they come back."""
    monkeypatch.setattr(module, "STALLED", 0.05)
    release = threading.Event()
    with running(1, 0.1, 2) as found:

        def foreign(_: Any) -> None:
            while not release.is_set():  # as C code is: not to be interrupted
                try:
                    release.wait(5)
                except BaseException:
                    continue

        async def stick() -> None:
            for lost in (1, 2, 3):
                task = asyncio.create_task(found.each(foreign, [0], soon()))
                await asyncio.sleep(0.08)
                assert found.stalled
                assert isinstance((await task)[0], InputError)
                assert found.lost == lost
                assert found.stalled == found.stuck == (lost == 3)

        run(stick)
        with pytest.raises(Refused) as error:
            run(lambda: found.each(str, [1], soon()))
        assert (error.value.status, error.value.reason) == (503, "stuck")
        release.set()
        until(lambda: found.lost == 0)
        assert not found.stuck
        assert not found.stalled
        assert run(lambda: found.each(str, [1], soon())) == ["1"]


def test_a_reader_whose_client_left_is_seen_as_well() -> None:
    with running(1, 0.1, 2) as found:

        async def leave() -> None:
            with pytest.raises(TimeoutError):
                await found.each(loop_for_ever, [0], soon(0.05))
            await asyncio.sleep(0.1)
            assert await found.each(str, [1], soon()) == ["1"]

        run(leave)
