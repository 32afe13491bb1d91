from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import falling_cosine


class Cosine(Schedule):
    """Half a cosine wave down to the end of the run: slow, fast, slow.

    Loshchilov and Hutter 2017 (arXiv 1608.03983), one cycle.
    """

    final_ratio: float = Field(0.0, ge=0, le=1, description="Multiplier at the end of the run.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From 1 to `final_ratio`."""
        return self.final_ratio + (1.0 - self.final_ratio) * falling_cosine(progress)
