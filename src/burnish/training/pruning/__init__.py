"""What goes of a network while it learns, a file for each kind of part: in which steps, here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from burnish.training.step_part import StepPart


@dataclass(frozen=True)
class Steps:
    """How much is to be gone by when.

    Attributes:
        count: in how many steps, at even distances.
        until: share of the run at which all of it is gone.
    """

    count: int
    until: float

    def share(self, step: int, total: int) -> float:
        """Of all that is to go, what is gone after a step, from 0, of so many."""
        done = (step + 1) / (self.until * total)
        return 1.0 if done >= 1 else math.floor(done * self.count) / self.count


class Together(StepPart):
    """Several parts of a network that go at once.

    Args:
        parts: one for each kind.
    """

    def __init__(self, parts: Sequence[StepPart]) -> None:
        self.parts = parts

    def comes_to(self, step: int, total: int) -> None:
        """Each is told."""
        for part in self.parts:
            part.comes_to(step, total)

    def on_weights(self) -> None:
        """Each changes its own."""
        for part in self.parts:
            part.on_weights()
