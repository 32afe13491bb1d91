"""Reading ahead: the same things in the same order, errors where they belong, and no thread left behind."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from burnish.data.feeding.ahead import ReadingThreads, Sharing, StepsAhead, ahead, readers, sharing
from burnish.data.feeding.order import Order
from burnish.data.samplers.shuffled import Shuffled


@pytest.fixture(autouse=True)
def _threads_of_other_tests_have_ended() -> None:
    """Iterators that failed tests of errors hold on to end with them."""
    gc.collect()


def reading() -> list[threading.Thread]:
    """Threads that read, and still live."""
    return [t for t in threading.enumerate() if t.name.startswith("reading")]


def slowly(number: int) -> int:
    """Later numbers are ready before earlier ones."""
    time.sleep(0.002 * (5 - number % 5))
    return number * number


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_in_order(workers: int) -> None:
    assert list(ahead(range(23), slowly, workers)) == [(n, n * n) for n in range(23)]
    assert not reading()


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_no_more_is_held_than_said(workers: int) -> None:
    """What is made and not used yet is bounded: memory does not grow with the data."""
    begun: list[int] = []
    for used, (number, _) in enumerate(ahead(range(50), lambda n: begun.append(n), workers)):
        assert number == used
        assert len(begun) <= used + 1 + workers
    assert len(begun) == 50


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_comes_up_with_its_item(workers: int) -> None:
    def make(number: int) -> int:
        if number == 3:
            raise ValueError("row 3")
        return number

    items = ahead(range(9), make, workers)
    assert [next(items)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="row 3"):
        next(items)
    assert not reading()


def test_left_early_nothing_is_left() -> None:
    items = ahead(range(1000), slowly, 3)
    next(items)
    items.close()
    assert not reading()


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_steps_that_follow_are_made_ahead(workers: int) -> None:
    """Once each where they come as expected, in whatever order they are asked for, and none behind the last."""
    made: list[tuple[int, int]] = []
    lock = threading.Lock()

    def make(step: int, size: int) -> list[tuple[int, int]]:
        with lock:
            made.append((step, size))
        return [(step, size)]

    steps = StepsAhead(make, 10, workers)
    for step in range(10):
        assert steps.of(step, 4) == [(step, 4)]
    assert sorted(made) == [(n, 4) for n in range(10)]
    for step, size in ((7, 4), (2, 4), (3, 2), (3, 1), (9, 1), (9, 1)):  # rolled back, memory ran out
        assert steps.of(step, size) == [(step, size)]
    assert max(made)[0] == 9
    steps.close()
    assert not reading()
    assert steps.of(0, 4) == [(0, 4)]
    steps.close()
    assert steps.waited > 0


def test_an_error_in_a_step_that_is_never_used_is_none() -> None:
    def make(step: int, size: int) -> list[int]:
        if step == 2:
            raise ValueError("step 2")
        return [step]

    steps = StepsAhead(make, 5, 2)
    assert steps.of(0, 1) == [0]
    assert steps.of(1, 1) == [1]
    with pytest.raises(ValueError, match="step 2"):
        steps.of(2, 1)
    assert steps.of(3, 1) == [3]  # passed over, as after a rollback
    steps.close()


@pytest.mark.parametrize(
    ("cores", "asked", "expected"),
    [
        (8, {"workers": None, "reads": False}, ReadingThreads()),  # texts are encoded before
        (8, {"workers": 0, "reads": True}, ReadingThreads()),
        (8, {"workers": 5, "reads": True}, ReadingThreads(ahead=5)),
        (8, {"workers": None, "reads": True}, ReadingThreads(ahead=4)),  # the network computes on a device of its own
        (64, {"workers": None, "reads": True}, ReadingThreads(ahead=8)),
        (8, {"workers": None, "reads": True, "processes": 10_000}, ReadingThreads(ahead=1)),
        (2, {"workers": None, "reads": True, "computing": 1}, ReadingThreads(ahead=1)),  # a core is free
        (2, {"workers": None, "reads": True, "computing": 2}, ReadingThreads(shared=2)),  # none is
        (2, {"workers": 4, "reads": True, "computing": 2}, ReadingThreads(shared=4)),
        (2, {"workers": None, "reads": True, "computing": 1, "processes": 2}, ReadingThreads(shared=1)),
        (64, {"workers": None, "reads": True, "computing": 64}, ReadingThreads(shared=8)),
    ],
)
def test_how_many(monkeypatch: pytest.MonkeyPatch, cores: int, asked: dict[str, Any], expected: ReadingThreads) -> None:
    monkeypatch.setattr("burnish.data.feeding.ahead._cores", lambda: cores)
    assert readers(**asked) == expected
    assert sharing(reads=False).threads == 1
    assert sharing(reads=True).threads == min(8, cores)


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_shared_rows_come_in_order_and_leave_no_thread(threads: int) -> None:
    positions, shared = np.array([4, 1, 9, 0, 7]), Sharing(threads)
    for _ in range(6):  # by one thread, by several, and by the faster
        assert shared.of(positions, lambda own: [int(p) * 10 for p in own]) == [40, 10, 90, 0, 70]
        assert shared.of(positions[:0], lambda own: [int(p) for p in own]) == []
        with pytest.raises(ValueError, match="row 9"):
            shared.of(positions, _refusing)
    assert not [t for t in threading.enumerate() if t.name.startswith("reading")]


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, False), (0.005, True)])
def test_rows_are_shared_where_that_is_faster(seconds: float, expected: bool) -> None:
    """Which is found on the first batches; the first of all, which loads libraries, does not decide."""
    positions, shared, makers, first = np.arange(8), Sharing(4), set[str](), [True]

    def make(own: Any) -> list[int]:
        if first:
            first.clear()
            time.sleep(0.1)
        time.sleep(seconds * len(own))
        makers.add(threading.current_thread().name)
        return [int(p) for p in own]

    found = []
    for _ in range(8):
        makers.clear()
        assert shared.of(positions, make) == list(range(8))
        found.append(len(makers))
    assert [count > 1 for count in found[4:]] == [expected] * 4


def _refusing(own: Any) -> list[int]:
    if 9 in own:
        raise ValueError("row 9")
    return list(own)


def test_the_order_of_rows_is_the_same_from_any_thread() -> None:
    """Steps of different epochs asked for at once: each thread gets the epoch it asked for."""
    order = Order(
        sampler=Shuffled(),
        usable=np.arange(40),
        lengths=np.ones(40, np.int64),
        strata=np.zeros(40, np.int64),
        batch_size=8,
        seed=3,
    )
    expected = [order.batch(step).tolist() for step in range(200)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda step: order.batch(step).tolist(), [*range(200)] * 3))
    assert found == expected * 3
