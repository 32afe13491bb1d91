"""Whether what decides over answers (temperature, thresholds, abstention) can be learned in a run."""

from __future__ import annotations

from collections.abc import Collection

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.targets import Target

NEEDS = {
    "calibration": ("temperature",),
    "thresholds": ("own_thresholds", "decision_weights"),
    "abstention": ("abstain_below",),
}
"""What may be learned, and the fields of which the target must have one that is set."""


def asked(recipe: Recipe) -> list[str]:
    """What of `NEEDS` the recipe asks for."""
    wanted = {
        "calibration": recipe.calibration != "none",
        "thresholds": recipe.thresholds != "given",
        "abstention": recipe.abstention is not None,
    }
    return [name for name in NEEDS if wanted[name]]


def check(recipe: Recipe, target: Target, splits: Collection[str]) -> None:
    """Whether all that is asked for can be learned, before anything is trained.

    Raises:
        InputError: the target has no such thing, or there is no validation split to learn it from.
    """
    for name in asked(recipe):
        if not any(field in type(target).model_fields for field in NEEDS[name]):
            raise InputError(
                f"{name} with target {target.kind()!r}, whose predictions have none",
                fix=f"leave {name} out",
                place=name,
            )
        if "validation" not in splits:
            raise InputError(
                f"{name} is learned from validation examples, and there are none",
                expected="a validation file, or a split with validation",
                place=name,
            )
