from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field, field_validator

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import ROUNDING, of_run


class MultiStep(Schedule):
    """The rate falls by a factor at given points of the run."""

    milestones: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        [0.5, 0.75], description="Where the drops are, as shares of the whole run (warm-up included), increasing."
    )
    gamma: float = Field(0.1, gt=0, le=1, description="Factor at every drop.")

    @field_validator("milestones")
    @classmethod
    def _increasing(cls, milestones: list[float]) -> list[float]:
        if any(later <= earlier for earlier, later in pairwise(milestones)):
            raise ValueError("milestones must increase, such as [0.5, 0.75]")
        return milestones

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """gamma to the power of the milestones passed."""
        done = of_run(progress, self.warmup_ratio) + ROUNDING
        return float(self.gamma ** sum(milestone <= done for milestone in self.milestones))
