"""The thread that writes: what writes in batches gathers those that come at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from burnish.core.generated import Ends, Generated, Progress
from burnish.decoders.greedy import Greedy
from burnish.runtimes import Writing
from burnish.server.chat.writer import Writer


class Batches:
    """Notes how many are begun at once; each is whole after one step."""

    room, most_told = 32, 0

    def __init__(self, in_batches: bool) -> None:
        self.in_batches, self.begun, self._rows = in_batches, list[int](), list[Writing]()

    @property
    def live(self) -> int:
        return len(self._rows)

    def add(self, writings: Sequence[Writing]) -> None:
        self.begun.append(len(writings))
        self._rows += writings

    def advance(self) -> None:
        rows, self._rows = self._rows, []
        for row in rows:
            row.tell(Progress(0, (), Generated(np.zeros(0, np.int64), 0.0, "stop")))


@pytest.mark.parametrize("in_batches", [True, False])
def test_those_of_one_moment_share_a_batch(in_batches: bool) -> None:
    together, many = Batches(in_batches), 8
    writer, done = Writer(together, 100), threading.Semaphore(0)

    def tell(told: Progress) -> None:
        done.release()

    arrays = {"input_ids": np.ones((1, 1), np.int64)}
    for _ in range(many):
        writer.begin([Writing(arrays, Greedy(), Ends(), None, tell, print)])
    assert all(done.acquire(timeout=30) for _ in range(many))
    writer.close()
    assert sum(together.begun) == many
    if in_batches:
        assert len(together.begun) <= 2  # 8 were asked for within far less than the wait for another one
