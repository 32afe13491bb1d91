"""Pearson's correlation."""

from __future__ import annotations

from typing import ClassVar

from burnish.core.predictions import Predictions
from burnish.counting.moments import correlation, truth_and_answer
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class Pearson(CountedMetric):
    """Linear correlation of true value and prediction (Pearson); blind to a wrong offset or scale.

    Not defined where truth or answer does not vary.
    """

    targets: ClassVar[tuple[str, ...]] = ("score",)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """From moments."""
        truth, answer = truth_and_answer(known)
        return correlation(truth, answer, counts)
