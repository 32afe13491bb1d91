"""Rows without a label, which a teacher can stand in for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.data.table import Part
from burnish.data.truths import missing
from burnish.recipe.recipe import Settled


def unlabelled_rows(recipe: Settled, part: Part, weights: NDArray[np.float32]) -> frozenset[int]:
    """Numbers of the training rows that only a teacher teaches.

    Args:
        recipe: whose teacher answers rows; where it has none, or answers places, there are no such rows.
        part: the training rows.
        weights: float32 [N], what each has to learn.
    """
    if recipe.distil is None or recipe.distil.is_off or recipe.target.shape != "row":
        return frozenset()
    empty = np.flatnonzero(weights == 0)
    cells = part.table.cells(recipe.target.column).at(part.rows[empty]) if len(empty) else []
    return frozenset(int(part.rows[place]) for place, cell in zip(empty, cells, strict=True) if missing(cell))
