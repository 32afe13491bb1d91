"""How fast a model answers: real rows, timed one batch after another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.runtimes import Runner

SIZES = (1, 8, 32)
SECONDS = 1.5  # for each size
MOST, LEAST = 200, 5


def latency(run: Runner, batches: Mapping[int, list[dict[str, Array]]], *, seconds: float = SECONDS) -> dict[str, Any]:
    """Times of one batch at each size, the first batch left out.

    Args:
        run: arrays to logits.
        batches: rows in a batch to batches of real rows.
        seconds: how long each size is timed, at least 5 batches and at most 200.

    Returns:
        {size: {p50_ms, p95_ms, p99_ms, rows_per_second, processor_ms, batches}}; wall clock but for `processor_ms`, the
        median of processor time over all threads, which other programs on the machine change less.
    """
    return {str(size): _timed(run, of_size, size, seconds) for size, of_size in batches.items() if of_size}


def _timed(run: Runner, batches: list[dict[str, Array]], size: int, seconds: float) -> dict[str, Any]:
    run(**batches[0])
    wall: list[float] = []
    processor: list[float] = []
    begin = time.perf_counter()
    while len(wall) < LEAST or (len(wall) < MOST and time.perf_counter() - begin < seconds):
        batch = batches[len(wall) % len(batches)]
        started, used = time.perf_counter(), time.process_time()
        run(**batch)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    p50, p95, p99 = (1000 * float(q) for q in np.quantile(wall, [0.5, 0.95, 0.99]))
    return {
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "rows_per_second": size * len(wall) / sum(wall),
        "processor_ms": 1000 * float(np.median(processor)),
        "batches": len(wall),
    }
