"""Weighted moments of truth and answer for many resamples at once."""

from __future__ import annotations

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values, remembered


def truth_and_answer(known: Predictions) -> tuple[Values, Values]:
    """[N] each, as floats."""

    def columns(table: Predictions) -> tuple[Values, Values]:
        return np.array(table.truth, np.float64), np.array(table.answer, np.float64)

    return remembered(known, "truth_and_answer", columns)


def variation(values: Values, counts: Counts) -> Values:
    """[R] sum of squared distances from the mean of each resample; exactly 0 where all drawn values are equal.

    Args:
        values: [N], or [R, N] where they differ between resamples.
        counts: [R, N].
    """
    centred = values - values.mean(axis=-1, keepdims=True)
    drawn = counts.sum(axis=1)
    squares = (counts * centred**2).sum(axis=1)
    spread = squares - (counts * centred).sum(axis=1) ** 2 / drawn
    # What rounding alone leaves behind when all drawn values are equal.
    rounding = 1e-13 * squares + drawn * (8 * np.finfo(np.float64).eps * np.abs(values).max()) ** 2
    return np.where(spread <= rounding, 0.0, spread)


def correlation(first: Values, second: Values, counts: Counts) -> Values:
    """[R] Pearson's correlation under each resample; nan where one side does not vary.

    Args:
        first: [N] or [R, N].
        second: [N] or [R, N].
        counts: [R, N].
    """
    a = first - first.mean(axis=-1, keepdims=True)
    b = second - second.mean(axis=-1, keepdims=True)
    drawn = counts.sum(axis=1)
    together = (counts * a * b).sum(axis=1) - (counts * a).sum(axis=1) * (counts * b).sum(axis=1) / drawn
    product = variation(first, counts) * variation(second, counts)
    return np.where(product > 0, np.clip(together / np.sqrt(product), -1.0, 1.0), np.nan)


def ranks(values: Values, counts: Counts) -> Values:
    """[R, N] rank of each row within each resample, ties sharing their mean rank; rows not drawn have some rank."""
    order = np.argsort(values, kind="stable")
    _, starts, group = np.unique(values[order], return_index=True, return_inverse=True)
    drawn = np.add.reduceat(counts[:, order], starts, axis=1)
    below = np.cumsum(drawn, axis=1) - drawn
    middle = below + (drawn + 1) / 2
    ranked = np.empty(counts.shape)
    ranked[:, order] = middle[:, group]
    return ranked
