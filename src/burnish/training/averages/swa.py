from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.training.averages import Averaging

if TYPE_CHECKING:
    from burnish.training.averaging import WeightAverage


class Swa(Averaging):
    """The plain mean of the weights over the end of a run, in which the learning rate stays as it is.

    Stochastic weight averaging (Izmailov et al., 2018, arXiv 1803.05407). Statistics of batch norms are estimated anew for
    the average before each validation, from training rows.
    """

    off: ClassVar[dict[str, float]] = {"start": 1.0}
    start: float = Field(0.75, ge=0, le=1, description="Share of the run after which averaging begins; 1: never.")
    every: int = Field(1, ge=1, description="Steps from one that is averaged to the next.")

    @property
    def holds_rate_from(self) -> float:
        """Where averaging begins: a falling rate would average nothing."""
        return self.start

    def running(self, weights: Mapping[str, Any]) -> WeightAverage:
        """The mean."""
        from burnish.training.averaging import EqualAverage

        return EqualAverage(weights, self.start, self.every)
