"""Classes that a recipe names are classes of the data: checked before anything is trained."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from burnish.core.errors import InputError, nearest
from burnish.recipe.recipe import Settled
from burnish.targets import Named, Target, names_of


def require_classes(recipe: Settled) -> None:
    """Check every setting that names classes of the target.

    Raises:
        InputError: a class that is not there, with the nearest name.
    """
    names = names_of(recipe.target)
    classes = list(recipe.target.class_names(names)) if isinstance(recipe.target, Named) else []
    for number, metric in enumerate(recipe.metrics):
        if problem := metric.problem_with(classes):
            raise InputError(
                f"metric {metric.label!r}: {problem}", expected=_listed(classes), place=f"metrics.{number}.positive"
            )
    for name, threshold in getattr(recipe.target, "own_thresholds", {}).items():
        _require(name, names, "target.own_thresholds")
        if not 0 < threshold < 1:
            raise InputError(
                f"the threshold of {name!r} is {threshold:g}",
                expected="a probability between 0 and 1",
                place="target.own_thresholds",
            )
    for name in getattr(recipe.class_weights, "values", {}):
        _require(name, names, "class_weights.values")
    for truth, answers in (recipe.costs or {}).items():
        for name in (truth, *(answers if names_of(recipe.target) and hasattr(recipe.target, "costs") else ())):
            _require(name, names, "costs")


def _require(name: str, names: Sequence[str], place: str) -> None:
    if name not in names:
        guess = nearest(name, names)
        raise InputError(
            f"class {name!r} is not there",
            expected=_listed(names),
            fix=f"did you mean {guess!r}?" if guess else "",
            place=place,
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return f"one of {shown}" + (f" and {len(names) - 20:,} more" if len(names) > 20 else "") if names else "no class"


def require_spelling(target: Target, values: Iterable[Any]) -> None:
    """That no label which is named in the recipe stands in the data under another spelling only.

    Args:
        target: as the recipe gives it.
        values: of the training rows.

    Raises:
        InputError: the rows of such a label would be left out of training.
    """
    given = list(names_of(target))
    if not given or not isinstance(target, Named):
        return
    counts = target.counts(values)
    unused = {_folded(name): name for name in given if name not in counts}
    for name, count in counts.items():
        if name not in given and (meant := unused.get(_folded(name))) is not None:
            raise InputError(
                f"label {meant!r} never occurs, and {name!r}, which {count:,} training rows have, is not named",
                expected="label names as they stand in the data",
                fix=f"write {name!r} in target.labels, or mend the data",
                place="target.labels",
            )


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
