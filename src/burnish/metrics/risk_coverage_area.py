"""Area under risk by coverage."""

from __future__ import annotations

from typing import ClassVar

from burnish.core.predictions import Predictions
from burnish.counting.calibration import risk_coverage_area
from burnish.counting.resampling import with_truth
from burnish.metrics import Metric


class RiskCoverageArea(Metric):
    """Mean share of wrong answers among the most confident 1, 2 ... N (AURC, Geifman and El-Yaniv 2017, arXiv 1705.08500).

    Low where answers are right, and where the wrong ones are the least confident. Rows of one confidence count as in any order.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False

    def value(self, predictions: Predictions) -> float:
        """Over the rows whose truth is known."""
        known = with_truth(predictions)
        return risk_coverage_area(known)[0] if len(known) else float("nan")
