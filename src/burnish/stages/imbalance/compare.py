"""Ways with rare classes against each other on the same validation rows: cheaply on frozen features, the best confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burnish.core.component import build
from burnish.core.errors import unknown
from burnish.recipe.imbalance import AUTO, WAYS
from burnish.recipe.recipe import Recipe
from burnish.stages.choosing.stage import Comparison, Say, Stage
from burnish.stages.choosing.trial import Trial
from burnish.stages.imbalance.trial import decided_by_others

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


class _Stage(Stage):
    """Ways trained from one recipe, and how they compare."""

    field = "imbalance"

    def one(self, way: str) -> None:
        """As of every stage; ways that decide after training train nothing."""
        if way not in AFTERWARDS:
            super().one(way)
            return
        assert self.plain is not None
        with_way(self.recipe, way)  # refused where it cannot stand beside what else the recipe says
        _require(self.plain, way)
        self.keep(way, decided_by_others(self.plain, AFTERWARDS[way]), 0.0)

    def written(self, recipe: Recipe, way: str) -> Recipe:
        """With the way in the place of `imbalance`."""
        return with_way(recipe, way)


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
