"""Rows read by threads: whole batches ahead while the network computes, or the rows of one batch shared between threads.

Reading ahead needs a core that the network does not use: threads of a matrix product wait for each other, and one that
a reader holds up holds up all. Where the network has every core, a batch is therefore read by all of them at once,
before it is computed, if that is found to be the faster. Either way the batches and their order are the same.

Threads and not processes: what takes time in reading (decoding, resizing, arithmetic on arrays) happens outside
Python's lock, rows need not be copied between processes, and a thread can be neither killed alone nor left behind. An error
in a thread is raised where its batch would have been used.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

S = TypeVar("S")
T = TypeVar("T")
MOST = 8  # threads that are started unasked: more wait for Python's lock
TRIALS = 2  # batches made by one thread and by several each, before it is decided who makes the others


@dataclass(frozen=True)
class ReadingThreads:
    """Threads that read rows.

    Attributes:
        ahead: of them make the next batches while the network computes; 0: each is made when it is asked for.
        shared: of them read the rows of one batch, each a part, while the network waits; 1: one after the other.
    """

    ahead: int = 0
    shared: int = 1


def readers(workers: int | None, *, reads: bool, computing: int = 0, processes: int = 1) -> ReadingThreads:
    """How many threads read rows, and when.

    Args:
        workers: as the recipe says; 0: none; None: by the cores, where there is something to read.
        reads: whether rows are read when their batch is made (images, sounds), and not before (texts).
        computing: threads with which the network of each process computes on the cores; 0: on a device of its own.
        processes: how many share the machine's cores.
    """
    if workers == 0 or not (reads or workers):
        return ReadingThreads()
    cores = max(1, _cores() // processes)
    if computing >= cores:
        return ReadingThreads(shared=workers or min(MOST, cores))
    unasked = min(MOST, cores - computing if computing else cores // 2)
    return ReadingThreads(ahead=workers or max(1, unasked))


def sharing(*, reads: bool) -> Sharing:
    """How the rows of a batch are read where none is read ahead."""
    return Sharing(readers(None, reads=reads, computing=_cores()).shared)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Sharing:
    """Rows of a batch made by several threads, each a part of them, or by one, whichever is the faster.

    Threads that make little wait for Python's lock: of short sounds and small pictures one thread makes more. Which it
    is, is found on the first batches, made by one and by all in turn. What is made does not depend on it.

    Args:
        threads: to share the rows; 1: one after the other.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._seconds: dict[bool, list[float]] = {False: [], True: []}  # a row; by whether threads shared the batch

    def of(self, positions: NDArray[np.int64], make: Callable[[NDArray[np.int64]], Sequence[T]]) -> list[T]:
        """What is made of each of these rows, in order."""
        if self.threads < 2 or len(positions) < 2:
            return list(make(positions))
        alone, shared = self._seconds[False], self._seconds[True]
        share = len(shared) < len(alone) if len(shared) < TRIALS else min(shared) < min(alone)
        started = time.perf_counter()
        made = self._shared(positions, make) if share else list(make(positions))
        if len(shared) < TRIALS:
            self._seconds[share].append((time.perf_counter() - started) / len(positions))
        return made

    def _shared(self, positions: NDArray[np.int64], make: Callable[[NDArray[np.int64]], Sequence[T]]) -> list[T]:
        parts = np.array_split(positions, min(self.threads, len(positions)))
        with ThreadPoolExecutor(len(parts), thread_name_prefix="reading") as pool:
            return [row for part in pool.map(make, parts) for row in part]


def ahead(items: Iterable[S], make: Callable[[S], T], workers: int) -> Iterator[tuple[S, T]]:
    """Each item and what is made of it, in order; `workers` threads make the next ones meanwhile, 0: none do.

    No more than `workers` + 1 are held at once. Whatever `make` raises is raised when its item comes up.
    """
    if workers == 0:
        for item in items:
            yield item, make(item)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="reading")
    waiting: deque[tuple[S, Future[T]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(make, item)))
            if len(waiting) > workers:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class StepsAhead(Generic[T]):
    """What steps read, made ahead: `of(step, size)` is `make(step, size)`, a pure function, for whatever step is asked.

    Args:
        make: what a step reads, cut into pieces of at most `size` rows; called in threads.
        total: steps of the run: none behind the last is made.
        workers: threads, and steps that are made ahead; 0: none.

    Attributes:
        waited: seconds in which the network had nothing to compute.
    """

    def __init__(self, make: Callable[[int, int], Sequence[T]], total: int, workers: int) -> None:
        self._make, self._total, self.workers = make, total, workers
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: dict[tuple[int, int], Future[Sequence[T]]] = {}
        self.waited = 0.0

    def of(self, step: int, size: int) -> Sequence[T]:
        """What a step reads. Others may follow than were expected (rolled back, passed over, smaller pieces)."""
        started = time.perf_counter()
        future = self._waiting.pop((step, size), None)
        wanted = [(n, size) for n in range(step + 1, min(step + 1 + self.workers, self._total))]
        for key in [k for k in self._waiting if k not in wanted]:
            self._waiting.pop(key).cancel()
        for key in wanted:
            if key not in self._waiting:
                self._waiting[key] = self._threads().submit(self._make, *key)
        result = future.result() if future else self._make(step, size)
        self.waited += time.perf_counter() - started
        return result

    def close(self) -> None:
        """End the threads; what was made and not used is dropped. It may be used again afterwards."""
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="reading")
        return self._pool
