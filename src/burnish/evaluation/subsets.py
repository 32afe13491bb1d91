"""Resampling of tables that are too large to be drawn whole a thousand times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.counting.classes import cells
from burnish.counting.resampling import Counts
from burnish.targets import is_exclusive, target_of

LARGE = 200_000
"""Rows, or groups of rows, above which subsets are drawn from."""
SUBSETS = 20
SIZE = 0.8
"""A subset holds N to this power: 63,000 of a million."""
LEAST = 100
"""Rows of the rarest class that a subset must be expected to hold; else the whole table is drawn."""
BLOCK = 2_000_000


def in_subsets(known: Predictions, member: NDArray[np.int64]) -> bool:
    """Whether a table is drawn by its subsets: it is large, and no class so rare that subsets would miss it.

    Args:
        known: N rows with truth.
        member: [N] the number of the row or group that is drawn.
    """
    units = int(member.max()) + 1 if len(member) else 0
    if units <= LARGE:
        return False
    if not known.names:
        return True
    if not is_exclusive(target_of(known)):
        return False
    support = np.bincount(cells(known).truth, minlength=len(known.names))
    return bool(support[support > 0].min() * _size(units) / units >= LEAST)


def subset_draws(
    member: NDArray[np.int64], *, resamples: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], Iterator[Counts]]]:
    """Positions of the rows of each subset, and how often each of them is drawn, in blocks [R', b].

    Each subset is drawn up to the size of the whole table (bag of little bootstraps, Kleiner et al. 2014), so that the
    draws are as large as ordinary ones while only a subset is looked at. Over all subsets they are R = `resamples`.
    """
    stream = generator(seed, "subsets")
    units = int(member.max()) + 1
    size = _size(units)
    shares = np.full(size, 1 / size)
    for number in range(SUBSETS):
        chosen = np.sort(stream.choice(units, size, replace=False))
        place = np.full(units, -1)
        place[chosen] = np.arange(size)
        rows = np.flatnonzero(place[member] >= 0)
        of_row = place[member[rows]]
        draws = resamples * (number + 1) // SUBSETS - resamples * number // SUBSETS

        def blocks(left: int = draws, of_row: NDArray[np.int64] = of_row) -> Iterator[Counts]:
            while left > 0:
                count = max(1, min(left, BLOCK // len(of_row)))
                yield stream.multinomial(units, shares, size=count)[:, of_row]
                left -= count

        yield rows, blocks()


def _size(units: int) -> int:
    return round(math.pow(units, SIZE))


def moved(
    whole: Mapping[str, float], center: Mapping[str, NDArray[np.float64]], drawn: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Draws of a subset as draws around the value of the whole table: only their distances from the subset's own count."""
    return {label: values - center[label][0] + whole[label] for label, values in drawn.items()}


def taken(tables: Sequence[Predictions], rows: NDArray[np.int64]) -> list[Predictions]:
    """The same rows of each table."""
    return [table.take(rows) for table in tables]
