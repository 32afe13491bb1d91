"""The queue in front of a model: which rows share a batch, what is refused, and that one row fails alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.answering.predictor import PreparedRow
from burnish.core.answer import Answer
from burnish.server.batcher import Batcher, BatchFacts, together
from burnish.server.refusal import Refused


def row(length: int = 1) -> PreparedRow:
    return PreparedRow(({"_length": np.array(length)},))


class Model:
    """Answers with the length of a row; can be held, slowed, and made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.seconds = 0.0

    def __call__(self, prepared: Sequence[PreparedRow]) -> list[Answer]:
        self.entered.set()
        assert self.open.wait(10)
        time.sleep(self.seconds)
        lengths = [p.length for p in prepared]
        self.batches.append(lengths)
        if 13 in lengths:
            raise ValueError("thirteen")
        return [Answer(float(n), {}) for n in lengths]


@contextmanager
def running(model: Model, **settings: Any) -> Iterator[Batcher]:
    seen: list[BatchFacts] = []
    batcher = Batcher(model, **{"max_batch": 8, "max_wait": 0.0, "max_queue": 100, "observe": seen.append, **settings})
    try:
        yield batcher
    finally:
        model.open.set()
        batcher.close()


async def asked(batcher: Batcher, lengths: Sequence[int], seconds: float = 10.0) -> list[Any]:
    with batcher.admitted(len(lengths), seconds):
        found = await batcher.answers([row(n) for n in lengths], time.monotonic() + seconds)
    return [f.answer if isinstance(f, Answer) else f for f in found]


def run(work: Callable[[], Any]) -> Any:
    return asyncio.run(work())


def test_answers_come_back_to_who_asked() -> None:
    async def work() -> list[list[Any]]:
        return await asyncio.gather(*(asked(batcher, [n, n + 100]) for n in range(20, 60)))

    with running(Model()) as batcher:
        assert run(work) == [[float(n), float(n + 100)] for n in range(20, 60)]
        assert batcher.taken == 0


def test_rows_that_wait_are_computed_together() -> None:
    model = Model()

    async def work() -> None:
        model.open.clear()
        first = asyncio.create_task(asked(batcher, [5]))
        await asyncio.to_thread(model.entered.wait)
        rest = [asyncio.create_task(asked(batcher, [5])) for _ in range(20)]
        await asyncio.sleep(0.05)
        model.open.set()
        await asyncio.gather(first, *rest)

    with running(model) as batcher:
        run(work)
    assert [len(b) for b in model.batches] == [1, 8, 8, 4]


def test_one_that_fails_fails_alone() -> None:
    model = Model()

    async def work() -> list[Any]:
        return await asyncio.gather(*(asked(batcher, [n]) for n in range(10, 16)), asked(batcher, [13, 2]))

    with running(model, max_wait=0.05) as batcher:
        *single, mixed = run(work)
        assert [s[0] for s in single[:3]] == [10.0, 11.0, 12.0]
        assert isinstance(single[3][0], ValueError)
        assert isinstance(mixed[0], ValueError)
        assert mixed[1] == 2.0
        assert run(lambda: asked(batcher, [4])) == [4.0]


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again() -> None:
    model = Model()

    async def work() -> None:
        model.open.clear()
        tasks = [asyncio.create_task(asked(batcher, [1])) for _ in range(5)]
        await asyncio.sleep(0)
        started = time.monotonic()
        with pytest.raises(Refused) as error:
            await asked(batcher, [1])
        assert time.monotonic() - started < 0.1
        assert (error.value.status, error.value.response().headers["Retry-After"]) == (429, "1")
        model.open.set()
        assert await asyncio.gather(*tasks) == [[1.0]] * 5

    with running(model, max_queue=5) as batcher:
        run(work)
        assert run(lambda: asked(batcher, [2])) == [2.0]


def test_what_cannot_be_answered_in_time_is_refused_at_once() -> None:
    model = Model()
    model.seconds = 0.05

    async def work() -> list[Any]:
        await asked(batcher, [1])  # from now on it is known how long a row takes
        found = await asyncio.gather(*(asked(batcher, [1], 0.5) for _ in range(40)), return_exceptions=True)
        return list(found)

    with running(model, max_batch=1) as batcher:
        found = run(work)
    refused = [f for f in found if isinstance(f, Refused)]
    assert {f.reason for f in refused} == {"deadline"}
    assert [f for f in found if isinstance(f, TimeoutError)] == []
    assert 4 <= len(found) - len(refused) <= 10


def test_rows_whose_time_is_over_are_not_computed() -> None:
    model = Model()

    async def work() -> None:
        model.open.clear()
        first = asyncio.create_task(asked(batcher, [1]))
        await asyncio.to_thread(model.entered.wait)
        with pytest.raises(TimeoutError):
            await asked(batcher, [2], 0.05)
        model.open.set()
        await first

    with running(model) as batcher:
        run(work)
        assert batcher.taken == 0
        run(lambda: asked(batcher, [3]))
    assert model.batches == [[1], [3]]


def test_closing_answers_what_was_taken() -> None:
    model = Model()
    model.seconds = 0.02

    async def work() -> list[Any]:
        tasks = [asyncio.create_task(asked(batcher, [n])) for n in range(20, 40)]
        await asyncio.sleep(0.01)
        await asyncio.to_thread(batcher.close)
        return await asyncio.gather(*tasks)

    with running(model, max_batch=4) as batcher:
        assert run(work) == [[float(n)] for n in range(20, 40)]


def test_clients_that_come_together_are_waited_for_a_moment() -> None:
    """Six clients that ask again when they are answered stay one batch, and do not fall apart into 1 and 5."""
    model = Model()
    model.seconds = 0.01

    async def client(number: int) -> None:
        for _ in range(10):
            await asyncio.sleep(0.001 * number)
            await asked(batcher, [5])

    async def work() -> None:
        await asyncio.gather(*(client(n) for n in range(6)))

    with running(model, max_wait=5.0) as batcher:  # more than a busy machine may hold a client up
        run(work)
    assert sorted(len(b) for b in model.batches)[-8:] == [6] * 8


@given(st.lists(st.integers(1, 600), min_size=1, max_size=60), st.integers(1, 32))
def test_the_first_row_is_always_in_the_batch(lengths: list[int], limit: int) -> None:
    chosen = together(lengths, limit)
    assert 0 in chosen
    assert len(set(chosen)) == len(chosen) <= limit
    assert set(chosen) <= set(range(len(lengths)))


def test_rows_of_like_length_share_a_batch() -> None:
    assert together([10, 500, 12, 11, 490], 8) == [0, 2, 3]
    assert together([500, 10, 12, 490], 8) == [0, 3]
    assert together([7] * 50, 8) == list(range(8)) or len(together([7] * 50, 8)) == 8
    assert together([10], 8) == [0]


def test_requests_take_turns_whatever_they_bring() -> None:
    """A row that comes after two large requests is answered in one of the next batches, and the large ones are, too."""
    model = Model()
    model.seconds = 0.01

    async def work() -> None:
        large = [asyncio.create_task(asked(batcher, [500 + n] * 40)) for n in range(2)]
        await asyncio.sleep(0.03)
        before = len(model.batches)
        assert await asked(batcher, [3]) == [3.0]
        assert len(model.batches) - before <= 3
        assert all(len(rows) == 40 for rows in await asyncio.gather(*large))

    with running(model, max_batch=4, max_queue=200) as batcher:
        run(work)


def test_many_small_requests_do_not_keep_a_large_one_waiting_for_ever() -> None:
    model = Model()
    model.seconds = 0.002

    async def client() -> None:
        while not done.done():
            await asked(batcher, [2])

    async def work() -> None:
        nonlocal done
        done = asyncio.ensure_future(asked(batcher, [400] * 20))
        clients = [asyncio.create_task(client()) for _ in range(6)]
        assert len(await asyncio.wait_for(done, 10)) == 20
        await asyncio.gather(*clients)

    done: asyncio.Future[Any]
    with running(model, max_batch=1, max_wait=0.0) as batcher:
        run(work)


def test_large_requests_leave_room_in_the_queue_for_small_ones() -> None:
    model = Model()

    async def work() -> None:
        model.open.clear()
        first = [asyncio.create_task(asked(batcher, [5] * 20)) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(Refused) as error:
            await asked(batcher, [5] * 20)
        assert error.value.reason == "queue"
        small = asyncio.create_task(asked(batcher, [4]))
        await asyncio.sleep(0.01)
        model.open.set()
        await asyncio.gather(*first, small)

    with running(model, max_queue=80) as batcher:
        run(work)


def test_rows_of_a_client_that_left_are_not_computed() -> None:
    model = Model()

    async def work() -> None:
        model.open.clear()
        first = asyncio.create_task(asked(batcher, [1]))
        await asyncio.to_thread(model.entered.wait)
        gone = asyncio.create_task(asked(batcher, [2] * 8))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.wait([gone])
        assert batcher.taken == 1
        model.open.set()
        await first
        await asked(batcher, [3])

    with running(model) as batcher:
        run(work)
    assert model.batches == [[1], [3]]


@given(st.lists(st.integers(1, 600), min_size=1, max_size=60), st.integers(1, 32), st.integers(1, 4000))
def test_batches_have_bounded_elements(lengths: list[int], limit: int, most: int) -> None:
    chosen = together(lengths, limit, most=most)
    assert 0 in chosen
    assert len(chosen) == 1 or len(chosen) * max(lengths[i] for i in chosen) <= most


def test_those_that_were_refused_together_do_not_come_back_together() -> None:
    from burnish.server.refusal import late, overloaded

    for refusal in (late(10.0), overloaded("full", 10.0)):
        found = {int(refusal.response().headers["Retry-After"]) for _ in range(200)}
        assert min(found) >= 10
        assert max(found) <= 20
        assert len(found) > 5


def test_a_slow_model_computes_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while a batch is computed waits for it: it is to be short, and no more rows share it than that."""

    class Slow(Model):
        speed = 1.0

        def __call__(self, prepared: Sequence[PreparedRow]) -> list[Answer]:
            self.seconds = sum(p.length for p in prepared) / self.speed
            return super().__call__(prepared)

    async def work() -> None:
        await asked(batcher, [500] * 40)

    monkeypatch.setattr("burnish.server.batcher.TURN", 0.05)
    found = []
    for speed in (40_000, 10**9):
        model = Slow()
        model.speed = speed
        with running(model, max_batch=32, most_elements=4096) as batcher:
            run(work)
        found.append(max(map(len, model.batches[3:])))
    assert 2 <= found[0] <= 4
    assert found[1] == 8
