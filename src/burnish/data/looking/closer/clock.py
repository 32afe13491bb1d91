"""The time that a closer look may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from burnish.data.looking.audit.report import Finding
from burnish.data.looking.audit.scan import Reporter


class Clock:
    """Seconds that are left of those allowed.

    Args:
        seconds: that all parts together may take.
        now: tells the time.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._now = seconds, now
        self._started = now()
        self.spent: dict[str, float] = {}

    @property
    def left(self) -> float:
        """Seconds; below 0 where the time is over."""
        return self.seconds - (self._now() - self._started)

    def timed(
        self, what: str, look: Callable[[Reporter], Iterable[Finding]]
    ) -> Callable[[Reporter], Iterator[Finding]]:
        """A part of the look that is left out, which is said, where the time is over; `spent` holds how long it took.

        Args:
            what: is looked for, in words.
            look: finds it.
        """

        def within(reporter: Reporter) -> Iterator[Finding]:
            if self.left <= 0:
                yield self.left_out(what)
                return
            started = self._now()
            yield from look(reporter)
            self.spent[what] = self._now() - started

        return within

    def left_out(self, what: str, why: str = "") -> Finding:
        """That something was not looked for."""
        reason = why or f"the {self.seconds:g} s of audit.seconds were over"
        return Finding("not_looked_for", "note", f"{what} were not looked for: {reason}")
