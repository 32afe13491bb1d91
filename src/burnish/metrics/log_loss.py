"""Negative log-likelihood of the truth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.calibration import given_to_truth
from burnish.counting.resampling import Counts, Values, remembered, weighted_mean
from burnish.metrics import CountedMetric


class LogLoss(CountedMetric):
    """Mean negative logarithm of the probability of the label, in nats.

    Probabilities are kept away from 0 by 2.2e-16, as in scikit-learn, so a truth that is not among the label names
    costs 36 nats.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """A mean over rows."""
        return weighted_mean(remembered(known, "log_losses", _log_losses), counts)


def _log_losses(known: Predictions) -> Values:
    smallest = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(given_to_truth(known), smallest, 1 - smallest)))
