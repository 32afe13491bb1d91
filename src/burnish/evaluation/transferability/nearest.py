"""What the nearest rows say of each row, itself left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.evaluation.transferability import Floats

NEIGHBOURS = 5


def likeness(features: Floats) -> Floats:
    """[N, N] cosines; the diagonal is -inf, so that no row is a neighbour of itself."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    units = features / np.maximum(lengths, 1e-12)
    cosines = np.asarray(units @ units.T)
    np.fill_diagonal(cosines, -np.inf)
    return cosines


def nearest(cosines: Floats, wanted: Floats, rows: NDArray[np.int64] | None = None) -> float:
    """1 minus the squared error of the neighbours' mean, over that of the mean of all: what neighbours explain.

    With one column for each class this is the (multi-class) Brier skill of a vote of the neighbours; with one column of
    scores it is R squared.

    Args:
        cosines: [N, N] of `likeness`.
        wanted: [N, K].
        rows: that take part; None: all.
    """
    if rows is not None:
        cosines, wanted = cosines[np.ix_(rows, rows)], wanted[rows]
    k = min(NEIGHBOURS, len(wanted) - 1)
    near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    errors = ((wanted[near].mean(axis=1) - wanted) ** 2).sum()
    varies = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    return float(1 - errors / varies) if varies > 0 else 0.0
