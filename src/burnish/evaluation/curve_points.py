"""Points of ROC and precision-recall curves, of many resamples at once; numbers only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.counting.resampling import Values

Points = NDArray[np.float64]
MOST = 200
"""Points of a curve that is drawn."""
THRESHOLDS = 400
"""Thresholds at which resamples are counted."""


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

    def coarse(self, most: int = THRESHOLDS) -> Sorted:
        """The same with at most so many thresholds, at even lengths along its ROC curve: for bands that is enough."""
        if len(self.ends) <= most:
            return self
        right = np.cumsum(self.positive)[self.ends]
        along = right / max(1, right[-1]) + (self.ends + 1 - right) / max(1, len(self.order) - right[-1])
        places = np.searchsorted(along, np.linspace(along[0], along[-1], most))
        return replace(self, ends=self.ends[np.unique(np.minimum(places, len(self.ends) - 1))])

    def totals(self, counts: NDArray[Any]) -> tuple[Values, Values]:
        """True and false positives at each threshold under each resample, [R, T] each; `counts` is [R, N]."""
        starts = np.append(0, self.ends[:-1] + 1)
        drawn = counts[:, self.order]
        answered = np.cumsum(np.add.reduceat(drawn, starts, axis=1, dtype=np.int64), axis=1)
        right = np.cumsum(np.add.reduceat(drawn * self.positive, starts, axis=1, dtype=np.int64), axis=1)
        return right.astype(np.float64), (answered - right).astype(np.float64)


def roc(right: Values, wrong: Values) -> Points:
    """[R, T + 1, 2] false and true positive rate for each resample, from (0, 0); nan where it has rows of one kind alone."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.stack([wrong / wrong[:, -1:], right / right[:, -1:]], axis=2)
    return np.concatenate([np.zeros_like(rates[:, :1]), rates], axis=1)


def precision_recall(right: Values, wrong: Values) -> Points:
    """[R, T, 2] recall and precision for each resample; nan where it has no rows of the class.

    A threshold above all rows that were drawn has the precision of the highest that answers any: it answers nothing.
    """
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
    """The ordinate of each of R curves at each place of a grid, [R, G]; nan for a curve that is not defined.

    Args:
        points: [R, P, 2], abscissa rising.
        grid: [G].
        step: of precision by recall: that of the first threshold that reaches the recall. Else straight lines, and at a
            vertical rise its upper end.
    """
    x, y = points[..., 0], points[..., 1]
    last = x.shape[1] - 1
    if step:
        place = np.minimum((x[:, :, None] < grid - 1e-12).sum(axis=1), last)
        values = np.take_along_axis(y, place, axis=1)
    else:
        place = np.maximum((x[:, :, None] <= grid + 1e-12).sum(axis=1) - 1, 0)
        after = np.minimum(place + 1, last)
        x0, x1, y0, y1 = (np.take_along_axis(v, at, axis=1) for v in (x, y) for at in (place, after))
        wide = np.where(x1 > x0, x1 - x0, 1.0)
        values = y0 + (y1 - y0) * np.clip((grid - x0) / wide, 0.0, 1.0) * (x1 > x0)
    defined = np.asarray(np.isfinite(points).all(axis=(1, 2)))
    return np.where(defined[:, None], values, np.nan)


def thinned(points: Points, most: int = MOST) -> Points:
    """At most so many of P points, [P, 2]: corners only, and of many corners those at even lengths along the curve."""
    if len(points) > 2:
        before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
        bends = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-12
        points = points[np.concatenate([[True], bends, [True]])]
    if len(points) <= most:
        return points
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
    places = np.searchsorted(along, np.linspace(0.0, along[-1], most))
    return np.asarray(points[np.unique(np.minimum(places, len(points) - 1))], np.float64)
