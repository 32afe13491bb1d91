"""Figures of layers while a run learns, and what they mean in words as soon as they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.recipe.recipe import Settled
from burnish.report.diagnosis import diagnosis
from burnish.training.loop import Training
from burnish.training.monitoring.monitor import Monitor

if TYPE_CHECKING:
    from burnish.stages.train.session import Session

USUAL, LOOKS = 20, 200
"""Steps from one that is looked at to the next, and how often a long run is looked at: `benchmarks/monitoring.py` times it."""


def monitor_of(recipe: Settled, training: Training) -> list[Monitor]:
    """What looks at the layers, in the main process, where the recipe wants it."""
    if recipe.monitoring is None or not training.accelerator.main:
        return []
    every = recipe.monitoring.every or max(USUAL, training.batches.total_steps // LOOKS)
    return [Monitor(training.network, training.optimizer, every)]


class Looking:
    """Tells what monitors saw, and each finding of the diagnosis once.

    Args:
        session: the run; its events are what is diagnosed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said: set[str] = set()

    def step_done(self, number: int) -> None:
        """Say what was seen in a step that was looked at."""
        for part in self._session.assembled.training.parts:
            if isinstance(part, Monitor) and (figures := part.taken()) is not None:
                self._session.say("layers", number=number, layers=figures)

    def diagnose(self) -> None:
        """Say what is wrong by now, but for what was said already."""
        training = self._session.assembled.training
        if not training.accelerator.main or self._session.recipe.monitoring is None:
            return
        for finding in diagnosis(self._session.folder.read_events()):
            if finding.code not in self._said:
                self._said.add(finding.code)
                self._session.say("diagnosis", number=self._session.step, **finding.plain())
