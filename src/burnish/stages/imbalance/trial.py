"""Ways with rare classes that decide after training, judged on rows from which they were not learned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.stages.choosing.trial import Trial
from burnish.stages.train.tuned import answered_by, tuned_decisions
from burnish.targets import Target, is_exclusive

FOLDS = 5
"""Parts of the validation rows: decisions that are learned from them are learned from the others and judged on one."""


def decided_by_others(trial: Trial, thresholds: str) -> Predictions:
    """The answers of thresholds that are learned from validation: of each fold by what the other folds taught.

    Learned and judged on the same rows, a threshold would always seem to help.

    Args:
        trial: of a network that learned without anything about rare classes.
        thresholds: as in a recipe.
    """
    recipe = trial.prepared.recipe.model_copy(update={"thresholds": thresholds, "prior_strength": None})
    target, whole = recipe.target, trial.predictions
    turns = _folds(trial, recipe.seed)
    pieces, order = [], []
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(turns == fold), np.flatnonzero(turns != fold)
        if not len(inside):
            continue
        tuned, _ = tuned_decisions(recipe, target, whole.take(outside), trial.frequencies)
        pieces.append(_answers(tuned, whole.take(inside)))
        order.append(inside)
    together = Predictions(pa.concat_tables([piece.table for piece in pieces]), whole.folder)
    return together.take(np.argsort(np.concatenate(order), kind="stable"))


def _folds(trial: Trial, seed: int) -> NDArray[np.int64]:
    """[N] the fold of each validation row: dealt within each class, so that rare ones are in all."""
    strata = trial.prepared.truths["validation"].strata
    shuffled = generator(seed, "folds").permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    turns = np.empty(len(strata), np.int64)
    turns[order] = np.arange(len(strata)) % FOLDS
    return turns


def _answers(target: Target, predictions: Predictions) -> Predictions:
    """The same rows, answered as a target decides now."""
    if is_exclusive(target):
        return answered_by(target, predictions)
    least = [target.least(name) for name in predictions.names]  # type: ignore[attr-defined]
    given = predictions.probabilities >= np.array(least)
    answers = [[n for n, yes in zip(predictions.names, row, strict=True) if yes] for row in given]
    return predictions.with_answers(answers)
