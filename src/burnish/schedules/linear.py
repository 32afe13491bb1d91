from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore


class Linear(Schedule):
    """A straight line down to the end of the run."""

    final_ratio: float = Field(0.0, ge=0, le=1, description="Multiplier at the end of the run.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From 1 to `final_ratio`."""
        return 1.0 + (self.final_ratio - 1.0) * progress
