"""Ways with rare classes against each other on the same validation rows: cheaply on frozen features, the best confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from burnish.core.component import build
from burnish.core.errors import InputError, NonFinite, unknown
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import paired_difference
from burnish.metrics import Metric
from burnish.recipe.imbalance import AUTO, WAYS
from burnish.recipe.recipe import Recipe
from burnish.stages.imbalance.trial import Trial, decided_by_others, trial

SIMPLEST_FIRST = (
    "none",
    "tuned_thresholds",
    "adjusted_afterwards",
    "square_root_weights",
    "balanced_weights",
    "logit_adjustment",
    "focal",
    "class_balanced_sampling",
    "oversampling",
    "smote",
)
"""What is compared unless others are named; of ways that are equally good the first is taken."""
AFTERWARDS = {"tuned_thresholds": "f1", "adjusted_afterwards": "prior"}
"""Ways that train nothing: the plain network, decided otherwise."""
CONFIRMED = 2
FROZEN, FULL = "frozen features", "fine-tuning"
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


def compare(recipe: Recipe, say: Say, ways: Sequence[str] = ()) -> Comparison:
    """Compare ways with identical seeds and rows; the simplest that is not significantly worse than the best is chosen.

    Args:
        recipe: without a way of its own, or with `auto`.
        say: told each result.
        ways: that are compared; none: `SIMPLEST_FIRST`, as far as they make sense.

    Raises:
        InputError: no such way, no validation rows, or a target without labels.
    """
    for way in ways:
        if way not in WAYS:
            raise unknown("way", way, list(WAYS), place="imbalance")
    with_way(recipe, AUTO)  # refused where the recipe has a way already
    names = ["none", *(way for way in ways if way != "none")] if ways else list(SIMPLEST_FIRST)
    cheap = _Stage(_frozen(recipe), FROZEN, say)
    cheap.run(names)
    stage = cheap
    if recipe.adapter.kind() != "head_only":
        stage = _Stage(recipe, FULL, say)
        stage.run(_confirmed(cheap, names))
    done = stage.compared()
    chosen, why = stage.choice(names, done)
    of_all = done if stage is cheap else cheap.compared() + done
    return Comparison(chosen, why, stage.metric.label, stage.rows, of_all)


def with_way(recipe: Recipe, way: str, **more: Any) -> Recipe:
    """The recipe with one way written out, and other fields changed."""
    values = {name: getattr(recipe, name) for name in recipe.model_fields_set} | recipe.unsettled
    return Recipe.load({**values, **more, "imbalance": way})


def _frozen(recipe: Recipe) -> Recipe:
    """The recipe with only its head learning, on features that are computed once."""
    if recipe.adapter.kind() == "head_only":
        return recipe
    nothing = dict.fromkeys(
        ("learning_rate", "head_learning_rate", "layer_decay", "augmentation", "mixing", "averaging")
    )
    kept = {name: value for name, value in nothing.items() if name in recipe.model_fields_set}
    return with_way(
        recipe,
        "none",
        **kept,
        adapter=build("burnish.adapters", "head_only"),
        cache_features="auto",
        penalty=[],
        perturbation=[],
    )


def _confirmed(cheap: _Stage, names: Sequence[str]) -> list[str]:
    """Plain and the best ways on frozen features that the recipe's own adapter can take."""
    ranked = sorted(cheap.values, key=lambda way: (-cheap.values[way], names.index(way)))
    possible = [way for way in ranked if "resampler" not in WAYS[way]]
    return ["none", *(way for way in possible[:CONFIRMED] if way != "none")]


class _Stage:
    """Ways trained from one recipe, and how they compare."""

    def __init__(self, recipe: Recipe, name: str, say: Say) -> None:
        self.recipe, self.name, self.say = recipe, name, say
        self.plain: Trial | None = None
        self.predictions: dict[str, Predictions] = {}
        self.values: dict[str, float] = {}
        self.refused: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    @property
    def metric(self) -> Metric:
        """The deciding one; macro F1 where the loss decides."""
        assert self.plain is not None
        settled = self.plain.prepared.recipe
        wanted = settled.deciding_metric if settled.deciding_metric != "loss" else "macro_f1"
        return next(m for m in settled.metrics if m.label == wanted)

    @property
    def rows(self) -> int:
        assert self.plain is not None
        return len(self.plain.predictions.known)

    def run(self, ways: Sequence[str]) -> None:
        """Train them one after the other, plain first."""
        for way in ways:
            try:
                self._one(way)
            except (InputError, NonFinite) as error:
                if way == "none":
                    raise
                self.refused[way] = error.found
                self.say(f"imbalance, {self.name}: {way} is left out: {error.found}")
                continue
            self.say(f"imbalance, {self.name}: {way}: {self.metric.label} {self.values[way]:.4f} on validation")

    def _one(self, way: str) -> None:
        if way in AFTERWARDS:
            assert self.plain is not None
            with_way(self.recipe, way)  # refused where it cannot stand beside what else the recipe says
            _require(self.plain, way)
            found, seconds = decided_by_others(self.plain, AFTERWARDS[way]), 0.0
        else:
            done = trial(with_way(self.recipe, way), lambda text: None)
            self.plain = self.plain or done
            found, seconds = done.predictions, done.seconds
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
        settled = self.recipe
        found = paired_difference(
            self.metric, self.predictions[best], self.predictions[way], resamples=settled.resamples, seed=settled.seed
        )
        if self.metric.greater_is_better:
            return found.value, found.low, found.high
        return -found.value, -found.high, -found.low


def _require(plain: Trial, way: str) -> None:
    """That a way of deciding makes sense for the target.

    Raises:
        InputError: it does not.
    """
    from burnish.stages.prepare.decisions import check
    from burnish.stages.prepare.imbalanced import check_imbalance

    settled = plain.prepared.recipe.model_copy(update={"thresholds": AFTERWARDS[way]})
    check(settled, settled.target, plain.prepared.parts)
    check_imbalance(settled, plain.prepared.truths["train"].counts)


def wanted(recipe: Recipe) -> bool:
    """Whether a recipe leaves the way open."""
    return recipe.imbalance == AUTO
