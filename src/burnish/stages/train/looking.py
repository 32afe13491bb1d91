"""Figures of layers while a run learns, and what they mean in words as soon as they show it."""

from __future__ import annotations

from burnish.report.diagnosis import diagnosis
from burnish.stages.train.going import Going
from burnish.training.monitoring.monitor import Monitor


class Looking:
    """Tells what monitors saw, and each finding of the diagnosis once.

    Args:
        session: the run; its events are what is diagnosed.
    """

    def __init__(self, session: Going) -> None:
        self._session = session
        self._said: set[str] = set()
        self._next = 0

    def step_done(self, number: int) -> None:
        """Say what was seen in a step that was looked at."""
        for part in self._session.assembled.training.parts:
            if isinstance(part, Monitor) and (figures := part.taken()) is not None:
                self._session.say("layers", number=number, layers=figures)

    def diagnose(self, *, over: bool = False) -> None:
        """Say what is wrong by now, but for what was said already.

        All events are read for it, so that it is done where the run is half as long again as it was then.

        Args:
            over: whether the run is, and it is done in any case.
        """
        training = self._session.assembled.training
        wanted = over or self._session.step >= self._next
        if not wanted or not training.accelerator.main or self._session.recipe.monitoring is None:
            return
        self._next = self._session.step * 3 // 2
        for finding in diagnosis(self._session.folder.read_events()):
            if finding.code not in self._said:
                self._said.add(finding.code)
                self._session.say("diagnosis", number=self._session.step, **finding.plain())
