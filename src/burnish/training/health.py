"""Gradients that vanish or explode, said in words."""

from __future__ import annotations

import statistics
from collections import deque

from burnish.training.loop import Step

USUAL = 50  # steps whose median is the usual norm
ENOUGH = 10  # steps before anything is called unusual
EXPLODING = 20.0  # times the usual norm
VANISHING = 1e-4  # of the largest norm of any group of layers
STARVED = 20  # steps in a row before a group is said to receive nothing
QUIET = 100  # steps before the same is said again


class GradientHealth:
    """Watches the gradient norms of a run.

    The thresholds are wide: they are for runs that are broken, not for runs that are noisy.
    """

    def __init__(self) -> None:
        self._norms: deque[float] = deque(maxlen=USUAL)
        self._first: list[float] = []
        self._starving: dict[str, int] = {}
        self._said: dict[str, int] = {}

    def see(self, step: Step) -> list[str]:
        """What is to be said after a step; mostly nothing."""
        warnings = [*self._exploding(step), *self._vanishing(step)]
        if step.applied:
            self._norms.append(step.gradient_norm)
            if len(self._first) < ENOUGH:
                self._first.append(step.gradient_norm)
        return warnings

    def _exploding(self, step: Step) -> list[str]:
        if len(self._norms) < ENOUGH:
            return []
        usual = statistics.median(self._norms)
        # Where nothing is left to learn all norms are tiny: what is below the first ones does not explode.
        if step.gradient_norm <= max(EXPLODING * usual, statistics.median(self._first)) or not self._may_say(
            "exploding", step.number
        ):
            return []
        times = step.gradient_norm / max(usual, 1e-30)
        return [
            f"exploding gradient: the norm at step {step.number} is {step.gradient_norm:.3g}, {times:.0f} times the usual "
            f"{usual:.3g}; if it happens again, lower learning_rate or gradient_clip_norm, or lengthen warm-up"
        ]

    def _vanishing(self, step: Step) -> list[str]:
        largest = max(step.group_norms.values(), default=0.0)
        warnings = []
        for name, norm in step.group_norms.items():
            starved = norm < VANISHING * largest or largest == 0
            self._starving[name] = self._starving.get(name, 0) + 1 if starved else 0
            if self._starving[name] >= STARVED and self._may_say(f"vanishing {name}", step.number):
                warnings.append(
                    f"vanishing gradient: {name} has received less than {VANISHING:g} of the largest gradient for "
                    f"{self._starving[name]} steps (now {norm:.3g} against {largest:.3g}); it hardly learns"
                )
        return warnings

    def _may_say(self, what: str, number: int) -> bool:
        if number - self._said.get(what, -QUIET) < QUIET:
            return False
        self._said[what] = number
        return True
