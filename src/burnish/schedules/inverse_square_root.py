from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import of_run


class InverseSquareRoot(Schedule):
    """Falls with one over the square root of the steps, for runs whose end is not known.

    Vaswani et al. 2017 (arXiv 1706.03762): with the default, sqrt(warm-up / progress).
    """

    timescale: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the run after which the rate has fallen to 1/sqrt(2); none takes the length of warm-up, "
        "or 0.06 where there is no warm-up.",
    )

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """sqrt(timescale / (timescale + share of the run since warm-up))."""
        scale = self.timescale or self.warmup_ratio or 0.06
        since = of_run(progress, self.warmup_ratio) - self.warmup_ratio
        return math.sqrt(scale / (scale + since))
