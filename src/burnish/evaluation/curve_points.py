"""Points of ROC and precision-recall curves, of many resamples at once; numbers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.counting.resampling import Counts, Values

Points = NDArray[np.float64]
MOST = 200
"""Points of a curve that is drawn."""


@dataclass(frozen=True)
class Sorted:
    """N rows by falling score.

    Attributes:
        order: [N] the rows, highest score first.
        positive: bool [N] in that order.
        ends: [T] last place of each run of equal scores: rows of one score are answered together.
    """

    order: NDArray[np.int64]
    positive: NDArray[np.bool_]
    ends: NDArray[np.int64]

    @staticmethod
    def of(scores: Values, positive: NDArray[np.bool_]) -> Sorted:
        """Sort scores, [N]; `positive` says which rows are of the class."""
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        return Sorted(order, positive[order], np.flatnonzero(np.append(falling[1:] < falling[:-1], True)))


def _totals(ranked: Sorted, counts: Counts) -> tuple[Values, Values]:
    """True and false positives at each threshold under each resample, [R, T] each; `counts` is [R, N]."""
    drawn = counts[:, ranked.order]
    right = np.cumsum(drawn * ranked.positive, axis=1)[:, ranked.ends]
    answered = np.cumsum(drawn, axis=1)[:, ranked.ends]
    return right.astype(np.float64), (answered - right).astype(np.float64)


def roc(ranked: Sorted, counts: Counts) -> Points:
    """[R, T + 1, 2] false and true positive rate for each resample, from (0, 0); nan where it has rows of one kind alone."""
    right, wrong = _totals(ranked, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.stack([wrong / wrong[:, -1:], right / right[:, -1:]], axis=2)
    return np.concatenate([np.zeros_like(rates[:, :1]), rates], axis=1)


def precision_recall(ranked: Sorted, counts: Counts) -> Points:
    """[R, T, 2] recall and precision for each resample; nan where it has no rows of the class.

    A threshold above all rows that were drawn has the precision of the highest that answers any: it answers nothing.
    """
    right, wrong = _totals(ranked, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision = right / right[:, -1:], right / (right + wrong)
    first = np.isfinite(precision).argmax(axis=1)
    highest = precision[np.arange(len(first)), first]
    before = np.arange(precision.shape[1]) < first[:, None]
    return np.stack([recall, np.where(before, highest[:, None], precision)], axis=2)


def roc_area(points: Points) -> Values:
    """[R] the areas under the straight lines between the points of `roc`."""
    return np.asarray(np.trapezoid(points[..., 1], points[..., 0], axis=-1), np.float64)


def precision_recall_area(points: Points) -> Values:
    """[R] average precision: the precision at each rise of recall, times the rise."""
    rises = np.diff(points[..., 0], axis=-1, prepend=0.0)
    return np.asarray((rises * points[..., 1]).sum(axis=-1), np.float64)


def at_grid(points: Points, grid: Values, *, step: bool) -> Values:
    """The ordinate at each place of a grid.

    Args:
        points: [P, 2], abscissa rising.
        grid: [G].
        step: of precision by recall: that of the first threshold that reaches the recall. Else straight lines, and at a
            vertical rise its upper end.
    """
    x, y = points[:, 0], points[:, 1]
    if not np.isfinite(points).all():
        return np.full(len(grid), np.nan)
    if step:
        return np.asarray(y[np.minimum(np.searchsorted(x, grid - 1e-12, side="left"), len(x) - 1)], np.float64)
    last = np.append(x[1:] > x[:-1], True)
    return np.asarray(np.interp(grid, x[last], y[last]), np.float64)


def thinned(points: Points, most: int = MOST) -> Points:
    """At most so many points: corners only, and of many corners those at even lengths along the curve."""
    if len(points) > 2:
        before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
        bends = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-12
        points = points[np.concatenate([[True], bends, [True]])]
    if len(points) <= most:
        return points
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
    places = np.searchsorted(along, np.linspace(0.0, along[-1], most))
    return np.asarray(points[np.unique(np.minimum(places, len(points) - 1))], np.float64)
