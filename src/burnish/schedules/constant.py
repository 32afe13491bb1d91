from __future__ import annotations

from collections.abc import Sequence

from burnish.schedules import Schedule, ValidationScore


class Constant(Schedule):
    """The full rate after warm-up."""

    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """Always 1."""
        return 1.0
