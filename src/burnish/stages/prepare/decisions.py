"""Whether what decides over answers (temperature, thresholds, abstention, prediction sets) can be learned in a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from burnish.core.errors import InputError
from burnish.data.truths import Truths
from burnish.evaluation.conformal import apart, require_enough
from burnish.recipe.recipe import Recipe, Settled
from burnish.targets import Target, is_exclusive, names_of

NEEDS = {
    "calibration": ("temperature",),
    "thresholds": ("own_thresholds", "decision_weights"),
    "abstention": ("abstain_below",),
    "conformal": ("prediction_sets", "interval"),
}
"""What may be learned, and the fields of which the target must have one that is set."""


def asked(recipe: Recipe) -> list[str]:
    """What of `NEEDS` the recipe asks for."""
    wanted = {
        "calibration": recipe.calibration != "none",
        "thresholds": recipe.thresholds != "given",
        "abstention": recipe.abstention is not None,
        "conformal": recipe.conformal is not None,
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
    if recipe.conformal is not None and not is_exclusive(target):
        for name, usual in (("method", "lac"), ("guarantee", "marginal")):
            if (wanted := getattr(recipe.conformal, name)) != usual:
                raise InputError(
                    f"conformal.{name}: {wanted} with target {target.kind()!r}, whose predictions have no classes",
                    fix=f"leave conformal.{name} out",
                    place="conformal",
                )


def check_rows(recipe: Settled, truths: Mapping[str, Truths]) -> None:
    """Whether there are enough validation rows for what is asked for, before anything is trained.

    Args:
        recipe: settled, its target learned.
        truths: of each split.

    Raises:
        InputError: too few of a class, or of all.
    """
    if recipe.conformal is None:
        return
    own, asked_for, target = truths["validation"], recipe.conformal, recipe.target
    given = list(own.each())
    fine = np.array([place for place, label in enumerate(given) if label is not None], np.int64)
    labels = [label for label in given if label is not None]
    if halved := recipe.calibration != "none":
        part = own.part
        group = recipe.group if recipe.group in part.table.columns else part.table.group
        rows = part.rows[fine]
        groups = None if not group else [str(g) for g in part.table.take(rows, [group])[group].to_pylist()]
        half = apart(rows.tolist(), labels, groups, recipe.dividing_seed, by_class=is_exclusive(target))
        labels = [label for label, kept in zip(labels, half, strict=True) if kept]
    counts = Counter(map(str, labels))
    by_class = asked_for.guarantee == "class_conditional"
    enough = {name: counts[name] for name in names_of(target)} if by_class else {"": len(labels)}
    require_enough(enough, asked_for.coverage, halved=halved)
