from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore


class Exponential(Schedule):
    """The same factor at every step, down to a given share of the rate."""

    final_ratio: float = Field(0.01, gt=0, le=1, description="Multiplier at the end of the run.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From 1 to `final_ratio`, a straight line in the logarithm."""
        return float(self.final_ratio**progress)
