"""Rows of many requests computed together, in a thread of their own; one that fails does so alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from burnish.answering.isolating import isolated
from burnish.answering.predictor import PreparedRow
from burnish.core.answer import Answer
from burnish.server.refusal import overloaded

OVERHEAD = 40  # what a further batch costs on a CPU, in elements; see burnish.evaluation.predict
MARGIN = 0.6  # of its deadline a request may be expected to wait and still be taken: the pace varies with lengths
FEW = 8  # rows of a request that may use the whole queue; larger ones leave room for such
SHARED = 0.75  # of the queue that larger ones may fill
TURN = 0.5  # seconds that a batch is to take at most, because whoever comes meanwhile waits for it
LEAST_ELEMENTS = (
    1024  # of a batch that may have more rows, however slow the model: smaller ones cost more than they spare
)
MEMORY = 0.1  # weight of the newest batch in the running mean of seconds a row


@dataclass(eq=False)
class _Call:
    """The rows of one request."""

    future: asyncio.Future[list[Answer | Exception]]
    deadline: float
    results: list[Any]
    left: int


@dataclass(eq=False)
class _Waiting:
    """A row; `turn` is the virtual time at which it is due, see `Batcher`."""

    call: _Call
    place: int
    prepared: PreparedRow
    since: float
    turn: float


@dataclass(frozen=True)
class BatchFacts:
    """What is told of each batch: rows, seconds it took, elements computed and those that were not padding."""

    rows: int
    seconds: float
    size: int
    useful: int


@dataclass
class Batcher:
    """A bounded queue in front of one model, and the thread that empties it.

    Requests share the model evenly, whatever they bring: weighted fair queueing (Demers, Keshav and Shenker, 1989). Virtual
    time goes on by what is computed, divided by the requests that wait; a row is due when its request came, later by what
    the rows before it in its own request cost. So one row beside a request of a hundred waits for a batch, not
    for a hundred rows, and the hundred do not wait for ever, however many single ones come.

    Attributes:
        answer: prepared rows to answers, one batch; called in this batcher's own thread only.
        max_batch: rows at once.
        max_wait: seconds the first row of a batch waits for others that are likely to come.
        max_queue: rows that may be taken and not yet answered.
        observe: told of each batch, in the thread.
        most_elements: of a batch, padding included; None where rows have no length.
        taken: rows admitted and not yet answered.
    """

    answer: Callable[[Sequence[PreparedRow]], list[Answer]]
    max_batch: int
    max_wait: float
    max_queue: int
    observe: Callable[[BatchFacts], None]
    most_elements: int | None = None
    taken: int = 0
    requests: int = 0
    busy_since: float | None = None
    _waiting: list[_Waiting] = field(default_factory=list)
    _seconds_a_row: float = 0.0
    _seconds_an_element: float = 0.0
    _expected: int = 1
    _virtual: float = 0.0
    _closing: bool = False

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="burnish-compute", daemon=True)
        self._thread.start()

    @contextmanager
    def admitted(self, rows: int, seconds: float) -> Iterator[None]:
        """Room for the rows of a request until it is answered. Called in the event loop.

        Args:
            rows: how many.
            seconds: until its deadline.

        Raises:
            Refused: the queue is full, or so long that the answer would come too late; 429, at once.
        """
        # Its rows take turns with those of the other requests, of which there may be few.
        wait = min(self.taken + rows, rows * (self.requests + 1)) * self._seconds_a_row
        room = self.max_queue if rows <= FEW else int(SHARED * self.max_queue)
        if self.taken and self.taken + rows > room:
            raise overloaded(f"the queue is full: {self.taken} examples are waiting", self.taken * self._seconds_a_row)
        if self.taken and wait > MARGIN * seconds:
            raise overloaded(
                f"{self.taken} examples are waiting: the prediction would come too late", wait, reason="deadline"
            )
        self.taken += rows
        self.requests += 1
        try:
            yield
        finally:
            self.taken -= rows
            self.requests -= 1

    async def answers(self, prepared: Sequence[PreparedRow], deadline: float) -> list[Answer | Exception]:
        """An answer, or the error of its own, for each row.

        Args:
            prepared: the rows.
            deadline: on the clock of `time.monotonic`.

        Raises:
            TimeoutError: the deadline has passed; rows that are still waiting are dropped.
        """
        call = _Call(asyncio.get_running_loop().create_future(), deadline, [None] * len(prepared), len(prepared))
        now = time.monotonic()
        with self._changed:
            turn = self._virtual
            for place, row in enumerate(prepared):
                self._waiting.append(_Waiting(call, place, row, now, turn))
                turn += _cost(row)
            self._changed.notify()
        async with asyncio.timeout(max(0.0, deadline - now)):
            return await call.future

    def close(self) -> None:
        """Answer what is waiting, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            self.busy_since = time.monotonic()
            results = isolated(self.answer, [w.prepared for w in batch])
            seconds = time.monotonic() - self.busy_since
            self.busy_since = None
            size = max(w.prepared.length for w in batch) * len(batch)
            self._learn(seconds, len(batch), size)
            self.observe(BatchFacts(len(batch), seconds, size, sum(w.prepared.length for w in batch)))
            self._deliver(batch, results)

    def _learn(self, seconds: float, rows: int, elements: int) -> None:
        """How long a row and an element take, the newest batch counting for a tenth."""
        share = MEMORY if self._seconds_a_row else 1.0
        self._seconds_a_row += share * (seconds / rows - self._seconds_a_row)
        self._seconds_an_element += share * (seconds / (elements + OVERHEAD) - self._seconds_an_element)

    def _most(self) -> int | None:
        """Elements of the next batch: what is computed in a turn, within bounds."""
        if self.most_elements is None:
            return None
        turn = TURN / self._seconds_an_element if self._seconds_an_element else LEAST_ELEMENTS
        return int(min(self.most_elements, max(LEAST_ELEMENTS, turn)))

    def _next(self) -> list[_Waiting] | None:
        """The rows to compute next; waits for them. None when it is closed and nothing is left."""
        with self._changed:
            while True:
                now = time.monotonic()
                self._waiting = [w for w in self._waiting if not w.call.future.done() and w.call.deadline > now]
                if not self._waiting:
                    if self._closing:
                        return None
                    self._changed.wait()
                    continue
                # Clients that were answered together come again together: worth a moment, if as many are not yet here.
                patience = min(w.since for w in self._waiting) + self.max_wait - now
                if len(self._waiting) < min(self._expected, self.max_batch) and patience > 0 and not self._closing:
                    self._changed.wait(patience)
                    continue
                self._expected = max(len(self._waiting), self.taken)  # with those that are just being encoded
                return self._chosen()

    def _chosen(self) -> list[_Waiting]:
        """The row that is due first and those of like length, taken out of the queue. With the lock."""
        self._waiting.sort(key=lambda w: w.turn)
        requests = len({w.call for w in self._waiting})
        chosen = set(together([w.prepared.length for w in self._waiting], self.max_batch, most=self._most()))
        batch = [w for i, w in enumerate(self._waiting) if i in chosen]
        self._waiting = [w for i, w in enumerate(self._waiting) if i not in chosen]
        self._virtual += sum(_cost(w.prepared) for w in batch) / requests
        return batch

    def _deliver(self, batch: list[_Waiting], results: list[Answer | Exception]) -> None:
        complete = []
        for waiting, result in zip(batch, results, strict=True):
            call = waiting.call
            call.results[waiting.place] = result
            call.left -= 1
            if not call.left:
                complete.append(call)
        by_loop: dict[asyncio.AbstractEventLoop, list[_Call]] = {}
        for call in complete:
            by_loop.setdefault(call.future.get_loop(), []).append(call)
        for loop, calls in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, calls)
            except RuntimeError:  # the loop has been closed: nobody waits any more
                continue


def _cost(row: PreparedRow) -> int:
    return row.length + OVERHEAD


def _resolve(calls: list[_Call]) -> None:
    for call in calls:
        if not call.future.done():
            call.future.set_result(call.results)


def together(lengths: Sequence[int], limit: int, overhead: int = OVERHEAD, most: int | None = None) -> list[int]:
    """Which of the waiting rows share a batch: the one that is due first, and those of like length.

    A row joins where padding costs less than computing it in a batch of its own would. The first is always among
    them, so none waits for ever.

    Args:
        lengths: of the waiting rows, in the order they are due.
        limit: rows of a batch.
        overhead: what a batch costs beside its elements.
        most: elements of a batch, padding included; one row may have more.
    """
    if len(lengths) == 1:
        return [0]
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    left = right = order.index(0)
    while right - left + 1 < limit:
        count, longest = right - left + 1, lengths[order[right]]
        shorter = longest - lengths[order[left - 1]] if left > 0 else None
        longer = count * (lengths[order[right + 1]] - longest) if right + 1 < len(order) else None
        if most is not None:
            longer = None if longer is not None and (count + 1) * lengths[order[right + 1]] > most else longer
            shorter = None if (count + 1) * longest > most else shorter
        if longer is not None and longer <= overhead and (shorter is None or longer <= shorter):
            right += 1
        elif shorter is not None and shorter <= overhead:
            left -= 1
        else:
            break
    return sorted(order[left : right + 1])
