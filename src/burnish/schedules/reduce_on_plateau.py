from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import ROUNDING, of_run


class ReduceOnPlateau(Schedule):
    """The rate falls by a factor whenever the validation score has stopped improving.

    The rules of torch.optim.lr_scheduler.ReduceLROnPlateau (absolute threshold), computed anew from the score history:
    there is no state to save. Larger scores are better.
    """

    factor: float = Field(0.5, gt=0, lt=1, description="Factor at every drop.")
    patience: int = Field(2, ge=0, description="Validations in a row without improvement that are let pass.")
    minimum_change: float = Field(1e-4, ge=0, description="A score must beat the best by more than this to count.")
    cooldown: int = Field(0, ge=0, description="Validations after a drop during which none is counted as bad.")
    minimum_ratio: float = Field(0.01, ge=0, le=1, description="The multiplier never falls below this.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """1 times the drops that the scores up to now call for; a score that is not a number is no improvement."""
        now = of_run(progress, self.warmup_ratio) + ROUNDING
        ratio, best, bad, resting = 1.0, -math.inf, 0, 0
        for score in scores:
            if score.progress > now:
                continue
            if score.value > best + self.minimum_change:
                best, bad = score.value, 0
            else:
                bad += 1
            if resting:
                resting, bad = resting - 1, 0
            if bad > self.patience:
                ratio, bad, resting = max(self.minimum_ratio, ratio * self.factor), 0, self.cooldown
        return ratio
