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


def alternating(
    runs: Mapping[str, Runner],
    batches: Mapping[str, Mapping[int, list[dict[str, Array]]]],
    *,
    rounds: int = 60,
    seconds: float = 6.0,
) -> dict[str, dict[str, dict[str, float]]]:
    """Times of several models, one batch of each in turn, so that what else the machine does slows all of them alike.

    Args:
        runs: by name, arrays to logits.
        batches: by name, rows in a batch to batches of real rows, the same rows for all.
        rounds: batches of each size that each model answers at most.
        seconds: after so long with one size no further round begins; five are made in any case.

    Returns:
        {name: {size: {p50_ms, p95_ms, p99_ms}}}, wall clock.
    """
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in runs}
    for size in sorted({size for of_run in batches.values() for size, some in of_run.items() if some}):
        times: dict[str, list[float]] = {name: [] for name in runs}
        for name, run in runs.items():
            run(**batches[name][size][0])
        begin = time.perf_counter()
        for number in range(rounds):
            if number >= LEAST and time.perf_counter() - begin > seconds:
                break
            for name, run in runs.items():
                some = batches[name][size]
                batch, started = some[number % len(some)], time.perf_counter()
                run(**batch)
                times[name].append(time.perf_counter() - started)
        for name, wall in times.items():
            quantiles = (1000 * float(q) for q in np.quantile(wall, [0.5, 0.95, 0.99]))
            found[name][str(size)] = dict(zip(("p50_ms", "p95_ms", "p99_ms"), quantiles, strict=True))
    return found
