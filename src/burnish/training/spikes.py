"""Losses that leap: told from the losses before, and how often a run may go back for it."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Any

RUN = 3
"""Steps in a row above the bound before it is a spike: one hard batch is none."""
FIRST = 5
"""First losses of a run whose median says where it began."""
NORMAL = 1.4826
"""Times the median absolute deviation: the standard deviation, where losses are normally distributed."""


@dataclass(frozen=True)
class Spike:
    """A loss that leapt.

    Attributes:
        began: the first step that was above the bound, from 1.
        loss: the mean of the steps above it.
        usual: the median of the steps before.
    """

    began: int
    loss: float
    usual: float


class SpikeWatch:
    """Watches the losses of a run, and counts how often it went back.

    A spike is `RUN` steps in a row whose losses are more than `deviations` robust standard deviations above the median of the
    last ones, and at least half as high as where the run began: on few rows a loss near zero leaps without harm.

    Args:
        window: losses that say what is usual; nothing is unusual before half of them are there.
        deviations: from when on a loss is too high.
        most: how often the run may go back.
        rate_factor: what the learning rate is multiplied by each time.
    """

    def __init__(self, window: int, deviations: float, most: int, rate_factor: float) -> None:
        self.window, self.deviations, self.most, self.rate_factor = window, deviations, most, rate_factor
        self.rollbacks = 0
        self._losses: deque[float] = deque(maxlen=window)
        self._first: list[float] = []
        self._above: list[float] = []

    @property
    def factor(self) -> float:
        """What the learning rate is multiplied by now."""
        return self.rate_factor**self.rollbacks

    def see(self, number: int, loss: float) -> Spike | None:
        """Whether the loss of a step ends a spike's beginning.

        Args:
            number: of the step, from 1.
            loss: its mean; one that is not finite is passed over.
        """
        if not math.isfinite(loss):
            return None
        if len(self._first) < FIRST:
            self._first.append(loss)
        if len(self._losses) < self.window // 2 or loss <= self._bound():
            self._losses.extend([*self._above, loss])  # a few steps were high, and it was none
            self._above = []
            return None
        self._above.append(loss)
        if len(self._above) < RUN:
            return None
        spike = Spike(number - RUN + 1, statistics.fmean(self._above), statistics.median(self._losses))
        self._losses.extend(self._above)  # where the run does not go back for it, this is what is usual now
        self._above = []
        return spike

    def _bound(self) -> float:
        usual = statistics.median(self._losses)
        spread = NORMAL * statistics.median(abs(loss - usual) for loss in self._losses)
        return max(usual + self.deviations * spread, statistics.median(self._first) / 2)

    def state(self) -> dict[str, Any]:
        """Plain values, for the checkpoint."""
        return {
            "losses": list(self._losses),
            "first": list(self._first),
            "above": list(self._above),
            "rollbacks": self.rollbacks,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Losses as they were then; what the run went back for since stays counted."""
        self._losses = deque(state["losses"], maxlen=self.window)
        self._first, self._above = list(state["first"]), list(state["above"])
        self.rollbacks = max(self.rollbacks, int(state["rollbacks"]))
