from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from burnish.schedules import Schedule, ValidationScore


class Polynomial(Schedule):
    """A power of what is left of the run; 1 is a straight line, higher powers fall earlier."""

    power: float = Field(2.0, gt=0, description="The power.")
    final_ratio: float = Field(0.0, ge=0, le=1, description="Multiplier at the end of the run.")

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """From 1 to `final_ratio`."""
        return float(self.final_ratio + (1.0 - self.final_ratio) * (1.0 - progress) ** self.power)
