"""Tests by chance: approximate randomisation of a paired difference, and Holm's correction where there are several."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.evaluation.intervals import BLOCK, group_numbers
from burnish.metrics import Metric


def randomised(metric: Metric, a: Predictions, b: Predictions, *, draws: int = 1000, seed: int) -> float:
    """Two-sided p that a metric differs between two aligned tables (approximate randomisation, Noreen 1989).

    The predictions of each row are swapped between the tables or not, by a coin; rows of one group are swapped together.
    p = (1 + draws whose difference is at least as large) / (1 + draws), so it is never 0.

    Args:
        metric: any metric of their target.
        a, b: what `compare.aligned` gave: the same rows with truth in the same order.
        draws: how many times the coins are thrown.
        seed: of the coins.

    Raises:
        InputError: the tables know other names, so that their predictions cannot be swapped.
    """
    if a.names != b.names:
        odd = sorted(set(a.names) ^ set(b.names))
        raise InputError(
            f"the runs know other classes: {', '.join(odd[:5])}"
            if odd
            else "the runs have their classes in another order",
            expected="runs that were trained on the same label names",
            fix="name them in the recipe: target.labels",
        )
    observed = metric.value(a) - metric.value(b)
    if not math.isfinite(observed):
        return math.nan
    both = Predictions(pa.concat_tables([a.table, b.table.cast(a.table.schema)]), a.folder)
    as_large = known = 0
    for swapped in _swaps(a.groups, len(a), draws=draws, seed=seed):
        first = np.concatenate([~swapped, swapped], axis=1).astype(np.int64)
        differences = metric.resampled(both, first) - metric.resampled(both, 1 - first)
        defined = differences[np.isfinite(differences)]
        known += len(defined)
        as_large += int((np.abs(defined) >= abs(observed) - 1e-12).sum())
    return (1 + as_large) / (1 + known)


def _swaps(groups: Sequence[str | None] | None, rows: int, *, draws: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Which rows are swapped, bool [D', N] in blocks that are bounded in memory and `draws` together."""
    stream = generator(seed, "randomisation")
    member = np.arange(rows) if groups is None else group_numbers(groups)
    units = int(member.max()) + 1 if rows else 0
    size = max(1, min(draws, BLOCK // max(1, 2 * rows)))
    for start in range(0, draws if units else 0, size):
        yield (stream.random((min(size, draws - start), units)) < 0.5)[:, member]


def holm(p_values: Sequence[float]) -> list[float]:
    """The same p, corrected for their number (Holm 1979); nan stays nan and is not counted."""
    known = [(p, place) for place, p in enumerate(p_values) if math.isfinite(p)]
    corrected, largest = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[place] = largest
    return corrected
