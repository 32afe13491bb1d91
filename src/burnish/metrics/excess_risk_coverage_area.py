"""Area under risk by coverage above the least there could be."""

from __future__ import annotations

from typing import ClassVar

from burnish.core.predictions import Predictions
from burnish.counting.calibration import risk_coverage_area
from burnish.counting.resampling import with_truth
from burnish.metrics import Metric


class ExcessRiskCoverageArea(Metric):
    """`risk_coverage_area` less what it would be were all wrong answers the least confident (E-AURC, Geifman et al. 2019,
    arXiv 1805.08206).

    It judges the confidence alone: 0 where right and wrong answers are parted, whatever the accuracy. The least area is
    computed exactly, and not by the integral of the paper.
    """

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False

    def value(self, predictions: Predictions) -> float:
        """Over the rows whose truth is known."""
        known = with_truth(predictions)
        if not len(known):
            return float("nan")
        area, least = risk_coverage_area(known)
        return area - least
