"""Ways against each other on the same validation rows, with identical seeds, and which of them is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from burnish.core.errors import InputError, NonFinite
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import shortfall
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe
from burnish.stages.choosing.trial import Trial, trial

Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """One way in one stage.

    Attributes:
        way: its name.
        stage: on frozen features, or as the recipe trains.
        value: of the metric on the validation rows; None where it was refused.
        behind: the best of the stage minus this one, and the 95 % interval of that; None for the best itself.
        worse: whether the interval says that it is.
        refused: why it makes no sense here, in words.
        seconds: of training, 0 where the plain network was taken.
    """

    way: str
    stage: str
    value: float | None = None
    behind: tuple[float, float, float] | None = None
    worse: bool = False
    refused: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """All ways and what was chosen.

    Attributes:
        chosen: the way.
        why: in a sentence.
        metric: by which.
        rows: validation examples.
        ways: of each stage, as compared.
    """

    chosen: str
    why: str
    metric: str
    rows: int
    ways: list[Compared] = field(default_factory=list)

    def as_values(self) -> dict[str, Any]:
        """Plain values, as they are written."""
        return {**asdict(self), "ways": [asdict(way) for way in self.ways]}


class Stage:
    """Ways trained from one recipe, and how they compare."""

    field = ""
    """The field of a recipe whose ways are compared."""
    plainest = "none"
    """The way that is trained first, and must train."""

    def __init__(self, recipe: Recipe, name: str, say: Say) -> None:
        self.recipe, self.name, self.say = recipe, name, say
        self.plain: Trial | None = None
        self.predictions: dict[str, Predictions] = {}
        self.values: dict[str, float] = {}
        self.refused: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def written(self, recipe: Recipe, way: str) -> Recipe:
        """The recipe with one way written out."""
        raise NotImplementedError

    @property
    def metric(self) -> Metric:
        """The deciding one; macro F1 where the loss decides."""
        assert self.plain is not None
        settled = self.plain.prepared.recipe
        wanted = settled.deciding_metric if settled.deciding_metric != "loss" else "macro_f1"
        return next(m for m in settled.metrics if m.label == wanted)

    @property
    def rows(self) -> int:
        """Validation examples by which ways are compared."""
        assert self.plain is not None
        return len(self.plain.predictions.known)

    def run(self, ways: Sequence[str]) -> None:
        """Train them one after the other, plain first."""
        for way in ways:
            try:
                self.one(way)
            except (InputError, NonFinite) as error:
                if way == self.plainest:
                    raise
                self.refused[way] = error.found
                self.say(f"{self.field}, {self.name}: {way} is left out: {error.found}")
                continue
            self.say(f"{self.field}, {self.name}: {way}: {self.metric.label} {self.values[way]:.4f} on validation")

    def one(self, way: str) -> None:
        """Train a way, and keep what it says of the validation rows; the first is plain.

        Raises:
            InputError: it makes no sense here.
        """
        done = trial(self.written(self.recipe, way), lambda text: None, self.field)
        self.plain = self.plain or done
        self.keep(way, done.predictions, done.seconds)

    def keep(self, way: str, found: Predictions, seconds: float) -> None:
        """What a way says of the validation rows, and how long that took."""
        self.predictions[way], self.seconds[way] = found, seconds
        self.values[way] = self.metric.value(found.known) * (1 if self.metric.greater_is_better else -1)

    def compared(self) -> list[Compared]:
        """Each way beside the best of the stage."""
        best = self._best()
        sign = 1 if self.metric.greater_is_better else -1
        done = []
        for way, value in self.values.items():
            behind = None if way == best else self._behind(best, way)
            worse = behind is not None and behind[1] > 0
            done.append(Compared(way, self.name, sign * value, behind, worse, seconds=self.seconds[way]))
        return done + [Compared(way, self.name, refused=why) for way, why in self.refused.items()]

    def choice(self, names: Sequence[str], done: Sequence[Compared]) -> tuple[str, str]:
        """The simplest way that is not significantly worse than the best, and why; `done` as of `compared`."""
        best, label = self._best(), self.metric.label
        of = {compared.way: compared for compared in done if not compared.refused}
        for way in (name for name in names if name in of):
            if way == best:
                simpler = "" if way == names[0] else ", and every simpler way is significantly worse"
                return way, f"{way} has the best {label} on validation{simpler}"
            if not of[way].worse and (behind := of[way].behind) is not None:
                value, low, high = behind
                return way, (
                    f"{way} is the simplest way that is not significantly worse than the best, {best}: "
                    f"{label} differs by {value:.4f} (95 % CI {low:.4f} to {high:.4f}, {self.rows:,} validation examples)"
                )
        return best, f"{best} has the best {label} on validation"

    def _best(self) -> str:
        return max(self.values, key=lambda way: self.values[way])

    def _behind(self, best: str, way: str) -> tuple[float, float, float]:
        """By how much a way is worse than the best, with its interval; more is worse."""
        settled, of = self.recipe, self.predictions
        return shortfall(self.metric, of[best], of[way], resamples=settled.resamples, seed=settled.seed)
