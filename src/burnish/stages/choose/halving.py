"""The best by cheap scores, trained briefly; the better half goes on, longer (Jamieson and Talwalkar 2016)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import shortfall
from burnish.evaluation.intervals import bootstrap
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.brief import Brief, Training, here

MORE = 3
Say = Callable[[str], None]


@dataclass(frozen=True)
class Short:
    """One brief training.

    Attributes:
        name: of the candidate.
        steps: optimizer steps.
        value, low, high: of the metric on validation, and its 95 % interval.
        behind: the best of the round minus this one, and its paired interval; more is worse; None for the best.
        seconds: wall time.
        refused: why it ended without a score.
    """

    name: str
    steps: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    behind: tuple[float, float, float] | None = None
    seconds: float = 0.0
    refused: str = ""


@dataclass(frozen=True)
class Halved:
    """All rounds.

    Attributes:
        rounds: brief trainings, round after round.
        metric: by which they are compared.
        rows: validation examples.
        last: names in the last round, the best first.
        equal: of these, the ones that are not significantly worse than the best.
    """

    rounds: list[list[Short]]
    metric: str
    rows: int
    last: list[str]
    equal: list[str]


def halved(recipes: Mapping[str, Recipe], steps: int, say: Say, train: Training = here) -> Halved:
    """Train all briefly, then the better half longer, as long as that is two or more.

    Args:
        recipes: of candidates by name; each trains as its recipe says, with its own usual settings, but for so many steps.
        steps: of the first round, at most; a recipe that has fewer keeps its own.
        say: told each score.
        train: where.

    Raises:
        InputError: no candidate has a score, or there is no validation split.
    """
    names, rounds = list(recipes), []
    while True:
        done = _Round({name: recipes[name] for name in names}, steps, say, train)
        rounds.append(done.compared())
        names, steps = done.order()[: math.ceil(len(names) / 2)], steps * MORE
        if len(names) < 2:
            break
    order = done.order()
    return Halved(rounds, done.metric.label, done.rows, order, [name for name in order if not done.worse(name)])


class _Round:
    """Candidates trained for as many steps each, and how they compare."""

    def __init__(self, recipes: Mapping[str, Recipe], steps: int, say: Say, train: Training) -> None:
        self.trained: dict[str, Brief] = {}
        self.refused: dict[str, str] = {}
        self.names, self.steps = list(recipes), steps
        for name, done in train({name: _limited(recipe, steps) for name, recipe in recipes.items()}):
            if isinstance(done, str):
                self.refused[name] = done
                say(f"{name}, {steps} steps: left out: {done}")
                continue
            self.trained[name] = done
            value = done.metric.value(done.predictions.known)
            say(f"{name}, {steps} steps: {done.metric.label} {value:.4f} on validation ({done.seconds:.0f} s)")
        if not self.trained:
            raise InputError(
                "no checkpoint could be trained: " + "; ".join(f"{n}: {why}" for n, why in self.refused.items()),
                place="recipe",
            )
        self.trained = {name: self.trained[name] for name in self.names if name in self.trained}

    @property
    def metric(self) -> Metric:
        """The one that decides, the same for all."""
        return next(iter(self.trained.values())).metric

    @property
    def rows(self) -> int:
        return len(self._known(next(iter(self.trained))))

    def order(self) -> list[str]:
        """Names that have a score, the best first; equal ones as they came."""
        sign = -1 if self.metric.greater_is_better else 1
        return sorted(self.trained, key=lambda name: sign * self.metric.value(self._known(name)))

    def worse(self, name: str) -> bool:
        """Whether a candidate is shown to be worse than the best of the round."""
        behind = self._behind(name)
        return behind is not None and behind[1] > 0

    def compared(self) -> list[Short]:
        """Each with its interval, and beside the best."""
        return [self._short(name) for name in self.names]

    def _short(self, name: str) -> Short:
        if name in self.refused:
            return Short(name, self.steps, refused=self.refused[name])
        done, known = self.trained[name], self._known(name)
        around = bootstrap(self.metric, known, resamples=done.resamples, seed=done.seed)
        return Short(
            name,
            self.steps,
            self.metric.value(known),
            around.low,
            around.high,
            self._behind(name),
            done.seconds,
        )

    def _behind(self, name: str) -> tuple[float, float, float] | None:
        best = self.order()[0]
        if name == best:
            return None
        first, second = self.trained[best], self.trained[name]
        return shortfall(
            self.metric, first.predictions, second.predictions, resamples=second.resamples, seed=second.seed
        )

    def _known(self, name: str) -> Predictions:
        return self.trained[name].predictions.known


def _limited(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with at most so many steps, validated at their end, and without what only a finished run is for."""
    least = steps if recipe.max_steps is None else min(steps, recipe.max_steps)
    return recipe.model_copy(update={"max_steps": least, "baselines": False, "validation_steps": max(1, least // 3)})
