from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore
from burnish.schedules._phase import falling_cosine, of_run


class WarmupStableDecay(Schedule):
    """The full rate for most of the run, then down; a run can be prolonged from before the decay.

    Hu et al. 2024 (arXiv 2404.06395); the shape 1 - sqrt(x): Hägele et al. 2024 (arXiv 2405.18392).
    """

    decay_ratio: float = Field(0.2, gt=0, le=1, description="Share of the whole run over which the rate falls.")
    shape: Literal["linear", "cosine", "one_minus_square_root"] = Field(
        "one_minus_square_root", description="How it falls."
    )
    final_ratio: float = Field(0.0, ge=0, le=1, description="Multiplier at the end of the run.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """1, then down to `final_ratio`; the decay starts at the end of warm-up where there is no room for more."""
        start = max(self.warmup_ratio, 1.0 - self.decay_ratio)
        done = of_run(progress, self.warmup_ratio)
        if done <= start and progress < 1.0:
            return 1.0
        into = 1.0 if start >= 1.0 else min(1.0, (done - start) / (1.0 - start))
        left = {"linear": 1.0 - into, "cosine": falling_cosine(into), "one_minus_square_root": 1.0 - math.sqrt(into)}
        return self.final_ratio + (1.0 - self.final_ratio) * left[self.shape]
