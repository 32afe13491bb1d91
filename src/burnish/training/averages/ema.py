from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from burnish.training.averages import Averaging

if TYPE_CHECKING:
    from burnish.training.averaging import WeightAverage


class Ema(Averaging):
    """A moving average of the weights over all steps, which forgets old ones.

    Polyak and Juditsky, 1992. Cheap, and steadier than the last step; on short runs it forgets faster.
    """

    off: ClassVar[dict[str, float]] = {"decay": 0.0}
    decay: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="Share of the average kept at each step; less in the first steps of a run. 0: the weights themselves.",
    )

    def running(self, weights: Mapping[str, Any]) -> WeightAverage:
        """The moving average."""
        from burnish.training.averaging import MovingAverage

        return MovingAverage(weights, self.decay)
