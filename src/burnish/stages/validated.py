"""A training that ends with its last validation: nothing is tested, and no test example is read by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, RunFailed
from burnish.recipe.recipe import Recipe
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.stages.train.started import started
from burnish.training import history


def validated(recipe: Recipe, out: Path) -> dict[str, Any]:
    """Train as a recipe says, in a run folder; one that was begun there goes on from its last checkpoint.

    Returns:
        Of the best validation: `metric`, `value`, `greater_is_better`, `noise` and `step`; and `steps` and `seconds` of
        training.

    Raises:
        InputError: there is no validation split, or whatever `train` refuses.
        RunFailed: no validation score is a number.
    """
    resume = RunFolder(out).recipe.is_file()
    silent = recipe.model_copy(update={"baselines": False, "trackers": []})
    with started(silent, out=out, resume=resume) as begun:
        if "validation" not in begun.prepared.parts:
            raise InputError("there is no validation split to score on", fix="split.validation=0.2", place="split")
        session = Session(begun.folder, begun.prepared, begun.assembled, begun.tracking, begun.going)
        session.run()
    best = history.best(session.validations)
    if best is None:
        raise RunFailed("no validation score is a number", fix="a lower learning_rate", place=str(out))
    return {
        "metric": best.metric,
        "value": best.value,
        "greater_is_better": best.good == best.value,
        "noise": best.noise,
        "step": best.step,
        "steps": session.step,
        "seconds": session.totals["seconds"],
    }
