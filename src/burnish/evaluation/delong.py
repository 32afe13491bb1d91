"""The area under the ROC curve of two classes, with the interval of DeLong, DeLong and Clarke-Pearson (1988)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError


@dataclass(frozen=True)
class Area:
    """An area and what is known of it.

    Attributes:
        value: chance that a positive row scores higher than a negative one, ties half.
        error: standard error; nan with fewer than two positives or negatives.
        low: lower end of the interval; nan where the error is not known or 0: then all that is known is the value.
        high: upper end.
    """

    value: float
    error: float
    low: float
    high: float


def roc_area(scores: NDArray[np.float64], positive: NDArray[np.bool_], level: float = 0.95) -> Area:
    """The area with its interval, by midranks (Sun and Xu 2014): N log N instead of one comparison for each pair.

    Rows count as independent: with groups of rows a bootstrap over groups is right instead.

    Args:
        scores: [N] the higher, the more likely positive; finite.
        positive: [N] which rows are.
        level: of the interval, which is symmetric and cut off at 0 and 1.

    Raises:
        InputError: no positive or no negative rows.
    """
    from scipy.stats import norm, rankdata

    above, below = scores[positive], scores[~positive]
    if not len(above) or not len(below):
        raise InputError(f"{len(above)} positive and {len(below)} negative rows", expected="at least one of each")
    among_all = rankdata(np.concatenate([above, below]))
    # Of each positive the share of negatives below it, of each negative the share of positives above it.
    of_positives = (among_all[: len(above)] - rankdata(above)) / len(below)
    of_negatives = 1 - (among_all[len(above) :] - rankdata(below)) / len(above)
    value = float(of_positives.mean())
    if min(len(above), len(below)) < 2:
        return Area(value, math.nan, math.nan, math.nan)
    error = math.sqrt(of_positives.var(ddof=1) / len(above) + of_negatives.var(ddof=1) / len(below))
    if error < 1e-12:
        return Area(value, 0.0, math.nan, math.nan)
    half = float(norm.ppf((1 + level) / 2)) * error
    return Area(value, error, max(0.0, value - half), min(1.0, value + half))
