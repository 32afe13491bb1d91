"""The Brier score in parts: how right probabilities are, how much they tell, and how much there is to tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.calibration import equal_mass
from burnish.counting.classes import cells
from burnish.counting.resampling import with_truth


@dataclass(frozen=True)
class BrierParts:
    """Murphy's decomposition (1973) over bins, with what lies inside bins (Stephenson, Coelho and Jolliffe 2008).

    brier = reliability - resolution + uncertainty + within_bins, exactly.

    Attributes:
        brier: the score, as the metric of that name gives it.
        reliability: mean squared distance between probability and frequency of bins; 0 is best.
        resolution: mean squared distance between the frequency of bins and that of all; the more the better.
        uncertainty: variance of the labels, which no model changes.
        within_bins: variance of probabilities inside bins, less twice their covariance with the labels: negative where bins hide
            that probabilities tell more.
        bins: of each class at most.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float
    bins: int


def brier_parts(predictions: Predictions, bins: int = 15) -> BrierParts | None:
    """The parts over bins of equal mass; None where there are no rows with truth and finite probabilities.

    Of several classes each is taken against the others, and the parts are added; of two classes half of that, as in `brier`.

    Args:
        predictions: of a target with one label a row.
        bins: of each class at most; equal probabilities share one.
    """
    known = with_truth(predictions)
    shares = known.probabilities
    if not len(known) or not shares.shape[1] or not np.isfinite(shares).all():
        return None
    truth = cells(known).truth
    parts = np.zeros(4)
    for number in range(shares.shape[1]):
        parts += _parts(shares[:, number], (truth == number).astype(np.float64), bins)
    unknown = float((truth >= shares.shape[1]).mean())  # no probability was given to these labels: as far off as can be
    if shares.shape[1] == 2:
        parts, unknown = parts / 2, unknown / 2
    reliability, resolution, uncertainty, within = map(float, parts)
    return BrierParts(
        reliability - resolution + uncertainty + within + unknown,
        reliability,
        resolution,
        uncertainty + unknown,
        within,
        bins,
    )


def _parts(shares: NDArray[np.float64], true: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """[4] reliability, resolution, uncertainty and what lies within bins, of one class."""
    number = equal_mass(shares, bins)
    rows = np.bincount(number).astype(np.float64)
    weight = rows / rows.sum()
    mean, frequency = np.bincount(number, shares) / rows, np.bincount(number, true) / rows
    apart, off = shares - mean[number], true - frequency[number]
    whole = true.mean()
    return np.array(
        [
            (weight * (mean - frequency) ** 2).sum(),
            (weight * (frequency - whole) ** 2).sum(),
            whole * (1 - whole),
            (apart**2).mean() - 2 * (apart * off).mean(),
        ]
    )
