"""Rows without a label, which a teacher can stand in for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
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


def require_taught(recipe: Settled, part: Part, weights: NDArray[np.float32], warn: Callable[[str], None]) -> None:
    """That something is learned; rows without anything to learn are never trained on, and the audit has named each.

    Args:
        recipe, part, weights: as of `unlabelled_rows`.
        warn: told how many are left out.

    Raises:
        InputError: no row has anything to learn from.
    """
    empty = int((weights == 0).sum()) - len(unlabelled_rows(recipe, part, weights))
    if empty == len(part):
        raise InputError("no training example has anything to learn from", fix="see the findings above")
    if empty:
        warn(f"{empty} of {len(part):,} training examples have no usable label and are excluded; audit.json lists them")
