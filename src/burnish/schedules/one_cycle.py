from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import falling_cosine


class OneCycle(Schedule):
    """Up from a low rate to the full one and down to almost nothing, along half-waves; warms up by itself.

    Smith and Topin 2019 (arXiv 1708.07120), in the form of torch.optim.lr_scheduler.OneCycleLR. `learning_rate` is the
    peak. Warm-up must not be set: `peak` is its length.
    """

    warmup_ratio: float = Field(0.0, ge=0, le=1, description="Always 0: the cycle has its own warm-up, see peak.")
    peak: float = Field(0.3, gt=0, lt=1, description="Where in the run the full rate is reached.")
    initial_divisor: float = Field(25.0, ge=1, description="The first rate is the full one divided by this.")
    final_divisor: float = Field(1e4, ge=1, description="The last rate is the first one divided by this.")

    @model_validator(mode="after")
    def _no_second_warmup(self) -> OneCycle:
        if self.warmup_ratio or self.warmup_steps:
            raise ValueError("one_cycle has its own warm-up: leave out warmup_ratio and warmup_steps and set peak")
        return self

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From 1 / initial_divisor to 1 at `peak`, then to 1 / (initial_divisor x final_divisor)."""
        first = 1.0 / self.initial_divisor
        if progress < self.peak:
            return 1.0 + (first - 1.0) * falling_cosine(progress / self.peak)
        last = first / self.final_divisor
        return last + (1.0 - last) * falling_cosine((progress - self.peak) / (1.0 - self.peak))
