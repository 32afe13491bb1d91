from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import falling_cosine, passed


class CosineWithRestarts(Schedule):
    """Several falling half-waves of equal length, each starting again from the top or from a lower peak.

    Loshchilov and Hutter 2017 (arXiv 1608.03983).
    """

    cycles: int = Field(3, ge=1, description="How many waves fill the run after warm-up.")
    decay: float = Field(1.0, gt=0, le=1, description="Each peak is this share of the one before.")
    final_ratio: float = Field(0.0, ge=0, le=1, description="Multiplier at the end of every wave.")

    @model_validator(mode="after")
    def _peaks_stay_above_the_end(self) -> CosineWithRestarts:
        last = self.decay ** (self.cycles - 1)
        if last < self.final_ratio:
            raise ValueError(f"the last peak, decay^(cycles - 1) = {last:.3g}, is below final_ratio {self.final_ratio}")
        return self

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From the peak of the wave down to `final_ratio`."""
        cycle = min(passed(progress, 1.0 / self.cycles), self.cycles - 1)
        peak = self.decay**cycle
        return self.final_ratio + (peak - self.final_ratio) * falling_cosine(progress * self.cycles - cycle)
