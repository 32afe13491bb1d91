"""Metrics over bins of how sure answers were."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.metrics import Metric

USUAL = 15


class Binned(Metric):
    """A distance between confidence and accuracy, in bins."""

    targets: ClassVar[tuple[str, ...]] = ("label",)
    greater_is_better: ClassVar[bool] = False
    bins: int = Field(USUAL, ge=1, description="How many bins of equal width between 0 and 1.")

    @property
    def label(self) -> str:
        """With the number of bins where it is not the usual one, because it changes the figure."""
        return self.kind() if self.bins == USUAL else f"{self.kind()}_{self.bins}"
