"""ROC, precision-recall and gain curves: of each class, pooled (micro) and averaged (macro), with bootstrap bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.ranking import positives
from burnish.counting.resampling import Values, with_truth
from burnish.evaluation.curve_points import (
    Points,
    Sorted,
    at_grid,
    precision_recall,
    precision_recall_area,
    roc,
    roc_area,
    thinned,
)
from burnish.evaluation.delong import roc_area as delong
from burnish.evaluation.gain import gain
from burnish.evaluation.intervals import draws, percentiles
from burnish.evaluation.threshold_curves import histogram
from burnish.targets import Named, target_of

BUDGET = 200_000_000
"""Rows x classes x resamples that are drawn at most; below `FEWEST` resamples nothing is."""
CURVES = 12_000
"""Classes x resamples at most."""
FEWEST = 100
MOST = 500
GRID = np.linspace(0.0, 1.0, 31)
"""Where bands, and curves that are averages, are known."""


@dataclass(frozen=True)
class Estimate:
    """An area with its interval; `low` and `high` are nan where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Both curves of a class against the rest, or of all classes.

    Attributes:
        name: of the class; `micro` and `macro` are told by where the curve stands in `Curves`.
        positives: rows of the class.
        rows: all rows (decisions, of the pooled curve).
        roc: [P, 2] false positive rate and true positive rate, both rising.
        precision_recall: [Q, 2] recall, rising, and precision.
        roc_area, average_precision: with intervals.
        roc_band: [G, 3] false positive rate, lower and upper end of the true positive rate; [0, 3] where nothing was drawn.
        precision_band: the same of precision by recall.
        gain: [P, 2] share of all rows, and the share of the class that is among them.
        gain_band: [G, 3] as of `roc_band`.
        spread: int64 [2, bins] rows of the class, and others, by probability in equal bins from 0 to 1.
    """

    name: str
    positives: int
    rows: int
    roc: Points
    precision_recall: Points
    roc_area: Estimate
    average_precision: Estimate
    roc_band: Points
    precision_band: Points
    gain: Points
    gain_band: Points
    spread: NDArray[np.int64]


@dataclass(frozen=True)
class Curves:
    """What `curves` found.

    Attributes:
        each: of each class with positives and negatives, in the order of the names.
        micro, macro: pooled and averaged; None where one curve says it all.
        undefined: classes without positives or without negatives.
        resamples: how many were drawn; 0: too many rows for it.
        grouped: whether groups were drawn.
        method: of the interval of the ROC area of two classes: DeLong's, or the bootstrap's.
    """

    each: list[Curve]
    micro: Curve | None
    macro: Curve | None
    undefined: list[str]
    resamples: int
    grouped: bool
    method: str


def curves(predictions: Predictions, *, resamples: int = 1000, seed: int, level: float = 0.95) -> Curves | None:
    """The curves of a table with probabilities of names; None where it has none, or no class has both kinds of rows.

    Of two exclusive classes the second is the positive one: its curves say it all. Its ROC area has DeLong's interval where
    rows are independent. All other intervals, and the bands, are percentiles of one bootstrap over rows or groups.

    Args:
        predictions: N rows.
        resamples: of the bootstrap; at most `MOST`, fewer for many rows (`BUDGET`), none below `FEWEST`.
        seed: of the draws.
        level: of intervals and bands.
    """
    known = with_truth(predictions)
    if not isinstance(target_of(known), Named) or not len(known) or not known.probabilities.shape[1]:
        return None
    if not np.isfinite(known.probabilities).all():
        return None
    truth, chosen = positives(known)
    names = [known.names[k] for k in chosen]
    scores = known.probabilities[:, chosen]
    defined = [k for k in range(len(names)) if 0 < truth[:, k].sum() < len(known)]
    if not defined:
        return None
    drawn = _drawn(known, len(defined), resamples, seed)
    one = len(defined) == 1 == len(names)
    made = [_Made.of(names[k], scores[:, k], truth[:, k], drawn) for k in defined]
    micro = macro = None
    if not one:
        each_name = None if drawn is None else np.repeat(drawn, len(names), axis=1)
        micro = _Made.of("micro", scores.ravel(), truth.ravel(), each_name).curve(level)
        macro = _averaged(made, level)
    each = [one_made.curve(level) for one_made in made]
    grouped, method = known.groups is not None, "bootstrap"
    if one and not grouped:
        area = delong(scores[:, 0], truth[:, 0], level)
        each = [_with_area(each[0], Estimate(area.value, area.low, area.high))]
        method = "DeLong"
    undefined = [name for k, name in enumerate(names) if k not in defined]
    return Curves(each, micro, macro, undefined, 0 if drawn is None else len(drawn), grouped, method)


def _drawn(known: Predictions, classes: int, resamples: int, seed: int) -> NDArray[np.int16] | None:
    """[R, N] how often each row is drawn; None where that would be too much."""
    most = min(MOST, resamples, BUDGET // (len(known) * classes), max(FEWEST, CURVES // classes))
    if most < FEWEST:
        return None
    blocks = draws(known.groups, len(known), resamples=most, seed=seed)
    return np.concatenate([block.astype(np.int16) for block in blocks])


class _Made:
    """A curve and its resamples.

    Args:
        name: of the class.
        ranked: its rows by falling score.
        spread: as of `Curve`.
        drawn: [R, N] in the order of the rows as they are given, or None.
    """

    def __init__(self, name: str, ranked: Sorted, spread: NDArray[np.int64], drawn: NDArray[np.int16] | None) -> None:
        self.name, self.ranked, self.spread = name, ranked, spread
        once = ranked.totals(np.ones((1, len(ranked.order)), np.int16))
        rates, sharps = roc(*once), precision_recall(*once)
        self.roc, self.precision, self.gain = rates[0], sharps[0], gain(*once)[0]
        self.areas = float(roc_area(rates)[0]), float(precision_recall_area(sharps)[0])
        if drawn is None:
            rates, sharps, gains = rates[:0], sharps[:0], rates[:0]
        else:
            totals = ranked.coarse().totals(drawn)
            rates, sharps, gains = roc(*totals), precision_recall(*totals), gain(*totals)
        self.roc_areas, self.precision_areas = roc_area(rates), precision_recall_area(sharps)
        self.roc_grid = at_grid(rates, GRID, step=False)
        self.precision_grid = at_grid(sharps, GRID, step=True)
        self.gain_grid = at_grid(gains, GRID, step=False)

    @classmethod
    def of(cls, name: str, scores: Values, positive: NDArray[np.bool_], drawn: NDArray[np.int16] | None) -> _Made:
        """Of [N] scores, and which rows are of the class."""
        return cls(name, Sorted.of(scores, positive), np.stack(histogram(scores, positive)), drawn)

    def curve(self, level: float) -> Curve:
        """With its bands and intervals."""
        return Curve(
            self.name,
            int(self.ranked.positive.sum()),
            len(self.ranked.order),
            thinned(self.roc),
            thinned(self.precision),
            _estimate(self.areas[0], self.roc_areas, level),
            _estimate(self.areas[1], self.precision_areas, level),
            _band(self.roc_grid, level),
            _band(self.precision_grid, level),
            thinned(self.gain),
            _band(self.gain_grid, level),
            self.spread,
        )


def _averaged(made: Sequence[_Made], level: float) -> Curve:
    """Each class counts the same: rates are averaged at the same abscissa (vertical averaging, Fawcett 2006)."""
    rates = np.mean([at_grid(one.roc[None], GRID, step=False)[0] for one in made], axis=0)
    sharps = np.mean([at_grid(one.precision[None], GRID, step=True)[0] for one in made], axis=0)
    return Curve(
        "macro",
        sum(int(one.ranked.positive.sum()) for one in made),
        len(made[0].ranked.order),
        np.stack([np.r_[0.0, GRID], np.r_[0.0, rates]], axis=1),
        np.stack([GRID, sharps], axis=1),
        _estimate(float(np.mean([one.areas[0] for one in made])), _mean([one.roc_areas for one in made]), level),
        _estimate(float(np.mean([one.areas[1] for one in made])), _mean([one.precision_areas for one in made]), level),
        _band(_mean([one.roc_grid for one in made]), level),
        _band(_mean([one.precision_grid for one in made]), level),
        np.stack([GRID, np.mean([at_grid(one.gain[None], GRID, step=False)[0] for one in made], axis=0)], axis=1),
        _band(_mean([one.gain_grid for one in made]), level),
        np.sum([one.spread for one in made], axis=0),
    )


def _with_area(curve: Curve, area: Estimate) -> Curve:
    return Curve(**{**curve.__dict__, "roc_area": area})


def _mean(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of what is defined of each resample: one without rows of a class says nothing of that class."""
    stacked = np.stack(parts)
    count = np.isfinite(stacked).sum(axis=0)
    total = np.where(np.isfinite(stacked), stacked, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _estimate(value: float, resampled: NDArray[np.float64], level: float) -> Estimate:
    low, high, _ = percentiles(resampled, level)
    if low == high == value:  # every resample is as perfect as the table, and says nothing about new rows
        low = high = float("nan")
    return Estimate(value, low, high)


def _band(resampled: Points, level: float) -> Points:
    """[G, 3] abscissa, lower and upper end of what is defined."""
    defined = resampled[np.isfinite(resampled).all(axis=1)]
    if not len(defined):
        return np.zeros((0, 3))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([GRID, low, high], axis=1)
