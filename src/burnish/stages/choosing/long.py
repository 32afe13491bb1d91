"""`long: auto`: ways with long texts trained and compared on validation."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError
from burnish.recipe.long import AUTO, shared_settings
from burnish.recipe.recipe import Recipe
from burnish.stages.choosing.automatic import Automatic
from burnish.stages.choosing.stage import Comparison, Say, Stage
from burnish.stages.choosing.trial import Trial
from burnish.stages.imbalance.compare import wanted as imbalance_wanted

HEAD = "head"
SIMPLEST_FIRST: dict[str, dict[str, Any]] = {
    HEAD: {"kind": "truncate", "keep": "head"},
    "tail": {"kind": "truncate", "keep": "tail"},
    "head_and_tail": {"kind": "truncate", "keep": "head_and_tail"},
    "slide_mean": {"kind": "slide", "joining": "mean"},
    "slide_max": {"kind": "slide", "joining": "max"},
    "slide_noisy_or": {"kind": "slide", "joining": "noisy_or"},
    "slide_attention": {"kind": "slide", "joining": "attention"},
    "hierarchical": {"kind": "hierarchical"},
}
"""What is compared; of ways that are equally good the first is taken."""
TRAINED = "as the recipe trains"


class _Stage(Stage):
    """Ways with long texts."""

    field, plainest = "long", HEAD

    def written(self, recipe: Recipe, way: str) -> Recipe:
        """With the way in the place of `long`."""
        return with_way(recipe, way)


def compare(recipe: Recipe, say: Say) -> Comparison:
    """Train all ways with identical seeds and rows; the simplest that is not significantly worse than the best is chosen.

    Where no text is longer than the network reads at once, none is trained but the first, and it is chosen.

    Raises:
        InputError: there are no validation rows, or another `auto` stands beside it.
    """
    if imbalance_wanted(recipe):
        raise InputError(
            "long: auto and imbalance: auto: each would be compared without the other",
            expected="one of the two",
            fix="choose the way with long texts first, then name it beside imbalance: auto",
            place="long",
        )
    names = list(SIMPLEST_FIRST)
    stage = _Stage(recipe, TRAINED, say)
    stage.run(names[:1])
    assert stage.plain is not None
    if (longest := _longest(stage.plain)) is not None:
        why = f"no example is longer than the network reads at once; the longest has {longest:,} tokens"
        return Comparison(HEAD, why, stage.metric.label, stage.rows, stage.compared())
    stage.run(names[1:])
    done = stage.compared()
    chosen, why = stage.choice(names, done)
    return Comparison(chosen, why, stage.metric.label, stage.rows, done)


def _longest(plain: Trial) -> int | None:
    """Tokens of the longest text, where nothing of any is lost; else None."""
    every = plain.prepared.encoded.values()
    cut = any(bool((rows.kept_lengths < rows.given_full_lengths).any()) for rows in every)
    return None if cut else max(int(rows.given_full_lengths.max()) for rows in every)


def with_way(recipe: Recipe, way: str) -> Recipe:
    """The recipe with one way in place of `auto`, and the settings that windows share."""
    values = {name: getattr(recipe, name) for name in recipe.model_fields_set} | recipe.unsettled
    settings = dict(SIMPLEST_FIRST[way])
    if settings["kind"] != "truncate":
        settings |= shared_settings(recipe.long)
    return Recipe.load({**values, "long": settings})


def wanted(recipe: Recipe) -> bool:
    """Whether a recipe leaves the way open."""
    return recipe.long is not None


LONG = Automatic(
    "long", wanted, compare, with_way, f"compare in one process: long: {AUTO}; then name the way it chose for several"
)
