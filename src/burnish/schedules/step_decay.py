from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import passed


class StepDecay(Schedule):
    """The rate falls by a factor at equal distances."""

    gamma: float = Field(0.1, gt=0, le=1, description="Factor at every drop.")
    drops: int = Field(2, ge=1, description="How many drops, cutting the run after warm-up into drops + 1 equal parts.")
    every: float | None = Field(
        None, gt=0, le=1, description="Distance between drops as a share of the run after warm-up; wins over drops."
    )

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """gamma to the power of the drops passed."""
        distance = self.every if self.every is not None else 1.0 / (self.drops + 1)
        count = passed(progress, distance)
        return self.gamma ** (count if self.every is not None else min(count, self.drops))
