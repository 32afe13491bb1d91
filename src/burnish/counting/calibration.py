"""How sure each answer was, whether it was right, how likely the truth was held to be, and bins and orders by these."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.classes import cells
from burnish.counting.resampling import Values, remembered, with_truth

CLOSE = 1e-9
"""What shares of rows may be above a whole number by rounding alone."""


def confidence(known: Predictions) -> tuple[Values, Values]:
    """For a `label` table: [N] probability given to the answer (nan where there are none), [N] 1 where it is right."""
    return remembered(known, "confidence", _confidence)


def _confidence(known: Predictions) -> tuple[Values, Values]:
    codes, probabilities = cells(known), known.probabilities
    right = (codes.truth == codes.answer).astype(np.float64)
    classes = probabilities.shape[1]
    if not classes:
        return np.full(len(known), np.nan), right
    named = probabilities[np.arange(len(known)), np.minimum(codes.answer, classes - 1)]
    return np.where(codes.answer < classes, named, probabilities.max(axis=1)), right


def finite_confidence(predictions: Predictions) -> tuple[Values, Values] | None:
    """The same of the rows with truth; None without such rows, or where a probability is missing."""
    known = with_truth(predictions)
    if not len(known) or not np.isfinite((told := confidence(known))[0]).all():
        return None
    return told


def least_errors(right: Values) -> Values:
    """[N] how many of the 1, 2 ... N most confident answers are wrong at least: in the order that has all right ones first."""
    return np.asarray(np.maximum(0.0, np.arange(1, len(right) + 1) - right.sum()))


def given_to_truth(known: Predictions) -> Values:
    """For a `label` table: [N] probability given to the truth, 0 where it is none of the names; nan where there are none."""
    probabilities, truth = known.probabilities, cells(known).truth
    classes = probabilities.shape[1]
    if not classes:
        return np.full(len(known), np.nan)
    given = probabilities[np.arange(len(known)), np.minimum(truth, classes - 1)]
    return np.where(truth < classes, given, 0.0)


def equal_mass(values: Values, bins: int) -> NDArray[np.int64]:
    """[N] the bin of each value, counted from 0, where each bin has as many rows as ties allow: equal values share a bin.

    Args:
        values: [N], finite.
        bins: at most so many.
    """
    ordered = np.sort(values)
    ends = np.ceil(np.arange(1, bins) * len(values) / bins - CLOSE).astype(np.int64) - 1
    edges = np.unique(ordered[np.maximum(ends, 0)])
    return np.searchsorted(edges, values, side="left")


def equal_width(values: Values, bins: int) -> NDArray[np.int64]:
    """[N] the bin of each value from 0 to 1, counted from 0: (0, 1/B], (1/B, 2/B] ...; nan is in the first."""
    return np.clip(np.ceil(np.nan_to_num(values) * bins).astype(np.int64) - 1, 0, bins - 1)


def errors_by_coverage(known: Predictions) -> Values:
    """For a `label` table: [N] how many of the 1, 2 ... N most confident answers are wrong.

    Rows of one confidence have no order: among them errors are spread evenly, which is the mean over all orders.
    """
    return remembered(known, "errors by coverage", _errors_by_coverage)


def _errors_by_coverage(known: Predictions) -> Values:
    sure, right = confidence(known)
    order = np.argsort(-sure, kind="stable")
    falling, wrong = sure[order], np.cumsum(1.0 - right[order])
    ends = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    return np.asarray(np.interp(np.arange(1, len(sure) + 1), np.append(0, ends + 1), np.append(0.0, wrong[ends])))


def risk_coverage_area(known: Predictions) -> tuple[float, float]:
    """The area under risk by coverage, and the least that any order of the same answers has; nan without probabilities."""
    sure, right = confidence(known)
    if not np.isfinite(sure).all() or not len(sure):
        return float("nan"), float("nan")
    shares = np.arange(1, len(sure) + 1)
    return float((errors_by_coverage(known) / shares).mean()), float((least_errors(right) / shares).mean())
