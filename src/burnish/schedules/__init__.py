"""Schedules: a function of progress in [0, 1] to a multiplier of the learning rate. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from burnish.core.component import Component


@dataclass(frozen=True)
class ValidationScore:
    """One validation score, as schedules and early stopping see it: larger is always better."""

    progress: float
    value: float


class Schedule(Component):
    """A pure function of progress to a multiplier; there is nothing to save and nothing to restore."""

    axis: ClassVar[str] = "burnish.schedules"
    warmup_ratio: float = Field(0.06, ge=0, le=1, description="Share of the run over which the rate rises from 0.")
    warmup_steps: int | None = Field(None, ge=0, description="The same in optimizer steps; wins over warmup_ratio.")

    def resolved(self, total_steps: int) -> Schedule:
        """This schedule with `warmup_steps` turned into `warmup_ratio` of a run of `total_steps`."""
        if self.warmup_steps is None:
            return self
        ratio = min(1.0, self.warmup_steps / max(1, total_steps))
        return self.model_copy(update={"warmup_ratio": ratio, "warmup_steps": None})

    def __call__(self, progress: float, scores: Sequence[ValidationScore] = ()) -> float:
        """The multiplier at `progress` (0 before the first step, 1 after the last).

        Args:
            progress: share of the run's optimizer steps done, in [0, 1].
            scores: validation scores so far, oldest first; only reduce_on_plateau looks at them.
        """
        if progress < self.warmup_ratio:
            return progress / self.warmup_ratio
        rest = 1.0 - self.warmup_ratio
        after = (progress - self.warmup_ratio) / rest if rest > 0 else 1.0
        return self.after_warmup(min(1.0, after), scores)

    @abstractmethod
    def after_warmup(self, progress: float, scores: Sequence[ValidationScore]) -> float:
        """The multiplier over the rest of the run, `progress` counted from the end of warm-up, in [0, 1]."""
