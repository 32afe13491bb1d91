"""One candidate, trained as a run would train it, and what it says of the validation rows. No test row is read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError, Interrupted
from burnish.core.libraries import Libraries
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.data.settings import cache_folder
from burnish.evaluation.predict import predict
from burnish.recipe.recipe import Recipe
from burnish.runtimes.torch import running
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.beginning import begin
from burnish.stages.train.decide import beforehand
from burnish.stages.train.going_on import going_on
from burnish.stages.train.precision import settled
from burnish.stages.train.priors import frequencies_of
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.stages.train.shipped import restore_best
from burnish.stages.train.tuned import answered_by, tuned_decisions, without_change
from burnish.targets import Target, is_exclusive
from burnish.training.accelerator import Accelerator

FOLDS = 5
"""Parts of the validation rows: decisions that are learned from them are learned from the others and judged on one."""


@dataclass(frozen=True)
class Trial:
    """A trained candidate.

    Attributes:
        prepared: the data and the settled recipe.
        predictions: of the validation rows, answered as its bundle would answer them without anything learned from these.
        seconds: wall time.
        frequencies: [C] share of each label among the training rows.
    """

    prepared: Prepared
    predictions: Predictions
    seconds: float
    frequencies: NDArray[np.float64]


def trial(recipe: Recipe, say: Callable[[str], None]) -> Trial:
    """Train a candidate in a folder that is removed, and let its best weights answer the validation rows.

    Raises:
        InputError: the recipe makes no sense, or there is no validation split.
        RunFailed: it did not train.
        Interrupted: stopped by a signal.
    """
    started = time.perf_counter()
    place = cache_folder(recipe.data.cache) / "trials"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as made:
        folder = RunFolder(Path(made) / "run")
        accelerator = Accelerator(recipe.device, recipe.precision)
        with folder.tracking(recipe.model_copy(update={"trackers": []}), resume=False, main=True) as tracking:
            prepared = prepare(recipe, tracking, accelerator)
            if "validation" not in prepared.parts:
                raise InputError(
                    "ways with rare classes are compared on validation examples, and there are none",
                    expected="a validation file, or a split with validation",
                    place="imbalance",
                )
            assembled = assemble(prepared, accelerator, say)
            prepared = settled(prepared, accelerator, resume=False)
            going = begin(
                folder, prepared, assembled, going_on(folder, prepared, assembled, {}, resume=False), (), tracking
            )
            session = Session(folder, prepared, assembled, tracking, going, Libraries(()))
            try:
                session.run()
            except Interrupted as error:
                raise Interrupted("stopped while candidates were compared; nothing is kept") from error
            restore_best(folder, prepared, assembled, session.state())
            target, _ = beforehand(prepared, assembled)
            target = without_change(target, recipe.costs)
            predictions = _of_validation(prepared, assembled, target)
    return Trial(prepared, predictions, time.perf_counter() - started, frequencies_of(prepared))


def _of_validation(prepared: Prepared, assembled: Assembled, target: Target) -> Predictions:
    """The answers to the validation rows; from their features, where these were computed once."""
    frozen, recipe = assembled.frozen, prepared.recipe
    network = frozen.network if frozen is not None else assembled.training.network
    network.eval()
    predictions, _ = predict(
        running(network),
        replace((frozen or assembled).loaders["validation"], target=target),
        prepared.parts["validation"],
        loss=None,
        group=recipe.group,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=0 if frozen is not None else assembled.batches.workers,
    )
    return predictions


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
