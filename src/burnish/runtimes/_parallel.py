"""Calls of one session side by side: a small network keeps no more than one core busy, however many threads a call has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from burnish.core.batch import Array
from burnish.data.feeding.order import Positions
from burnish.runtimes._threads import threads_told

LEAST = 64
"""Elements of a part, at least: below it a core gains less than the call costs."""


class Parallel:
    """Threads in which calls are made.

    Args:
        threads: how many; 0: as OMP_NUM_THREADS says, or one a core.
    """

    def __init__(self, threads: int = 0) -> None:
        self.count = threads or threads_told() or os.cpu_count() or 1

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """Begun with the first call, so that a process that is forked before has its own."""
        return ThreadPoolExecutor(self.count, thread_name_prefix="burnish-call")

    def each(self, call: Callable[[Positions], Array], parts: Sequence[Positions]) -> list[Array]:
        """What `call` gives for each part, in their order; the first error of any is raised."""
        if self.count == 1 or len(parts) == 1:
            return [call(part) for part in parts]
        return list(self._threads.map(call, parts))


def shared(pieces: Sequence[Positions], lengths: Positions, count: int) -> list[Positions]:
    """Pieces of a batch, the large ones halved until so many threads have about equally much; the most costly first.

    Args:
        pieces: rows of one call each.
        lengths: of the rows of the batch.
        count: of threads.
    """

    def elements(rows: Positions) -> int:
        return len(rows) * max(1, int(lengths[rows].max()))

    parts = list(pieces)
    most = max(sum(map(elements, parts)) / count, 2 * LEAST)
    while count > 1:
        large = max(range(len(parts)), key=lambda number: elements(parts[number]))
        rows = parts[large]
        if len(rows) < 2 or elements(rows) <= most:
            break
        parts[large : large + 1] = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    return sorted(parts, key=elements, reverse=True)
