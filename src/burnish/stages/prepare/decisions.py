"""Whether what decides over answers (temperature, thresholds, abstention, prediction sets) can be learned in a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from burnish.core.errors import InputError
from burnish.data.truths import Truths
from burnish.evaluation.calibrators import left_alone, require_rows
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
    freer = recipe.calibration in ("vector", "isotonic")
    for name in asked(recipe):
        needed = ("calibrator",) if freer and name == "calibration" else NEEDS[name]
        if not any(field in type(target).model_fields for field in needed):
            what = f"calibration: {recipe.calibration}" if name == "calibration" else name
            raise InputError(
                f"{what} with target {target.kind()!r}, whose predictions have none",
                fix=f"leave {name} out",
                place=name,
            )
        if "validation" not in splits:
            raise InputError(
                f"{name} is learned from validation examples, and there are none",
                expected="a validation file, or a split with validation",
                place=name,
            )
    if freer and recipe.prior_correction:
        raise InputError(
            f"calibration: {recipe.calibration} beside prior_correction, which would be learned away",
            expected="one of both: this calibration learns the true frequencies by itself",
            fix="prior_correction: false, or calibration: temperature",
            place="calibration",
        )
    if recipe.conformal is not None and not is_exclusive(target):
        for name, usual in (("method", "lac"), ("guarantee", "marginal")):
            if (wanted := getattr(recipe.conformal, name)) != usual:
                raise InputError(
                    f"conformal.{name}: {wanted} with target {target.kind()!r}, whose predictions have no classes",
                    fix=f"leave conformal.{name} out",
                    place="conformal",
                )


def halved(recipe: Recipe) -> bool:
    """Whether one half of the validation rows calibrates probabilities, and prediction sets are learned from the other."""
    return recipe.conformal is not None and recipe.calibration != "none"


def check_rows(recipe: Settled, truths: Mapping[str, Truths]) -> None:
    """Whether there are enough validation rows for what is asked for, before anything is trained.

    Args:
        recipe: settled, its target learned.
        truths: of each split.

    Raises:
        InputError: too few of a class, or of all.
    """
    if recipe.conformal is None and recipe.calibration not in ("vector", "isotonic"):
        return
    labels, rest = _divided(recipe, truths["validation"])
    half = halved(recipe)
    names = names_of(recipe.target)
    if recipe.calibration in ("vector", "isotonic"):
        if not is_exclusive(recipe.target):
            counts = Counter(name for row in labels for name in set(row))
            left_alone(recipe.calibration, len(labels), {name: counts[name] for name in names})
            return
        counts = Counter(map(str, labels))
        require_rows(recipe.calibration, {name: counts[name] for name in names}, halved=half)
    if recipe.conformal is not None:
        counts = Counter(map(str, rest))
        by_class = recipe.conformal.guarantee == "class_conditional"
        enough = {name: counts[name] for name in names} if by_class else {"": len(rest)}
        require_enough(enough, recipe.conformal.coverage, halved=half)


def _divided(recipe: Settled, own: Truths) -> tuple[list[Any], list[Any]]:
    """Labels of the rows that calibrate, and of those that sets are learned from: all, unless both are asked for."""
    given = list(own.each())
    fine = np.array([place for place, label in enumerate(given) if label is not None], np.int64)
    labels = [label for label in given if label is not None]
    if not halved(recipe):
        return labels, labels
    part = own.part
    group = recipe.group if recipe.group in part.table.columns else part.table.group
    rows = part.rows[fine]
    groups = [str(g) for g in part.table.take(rows, [group])[group].to_pylist()] if group else None
    half = apart(rows.tolist(), labels, groups, recipe.dividing_seed, by_class=is_exclusive(recipe.target))
    return [label for label, kept in zip(labels, half, strict=True) if not kept], [
        label for label, kept in zip(labels, half, strict=True) if kept
    ]
