"""One candidate, trained as a run would train it, and what it says of the validation rows. No test row is read."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError, Interrupted
from burnish.core.libraries import Libraries
from burnish.core.predictions import Predictions
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
from burnish.stages.train.tuned import without_change
from burnish.targets import Target
from burnish.training.accelerator import Accelerator


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


@contextmanager
def removed_folder(recipe: Recipe) -> Iterator[Path]:
    """A folder in the recipe's cache that is gone afterwards."""
    trials = cache_folder(recipe.data.cache) / "trials"
    trials.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=trials) as made:
        yield Path(made)


def trial(recipe: Recipe, say: Callable[[str], None], place: str = "imbalance") -> Trial:
    """Train a candidate in a folder that is removed, and let its best weights answer the validation rows.

    Args:
        recipe: of the candidate.
        say: told what goes wrong.
        place: the field of a recipe whose candidates are compared.

    Raises:
        InputError: the recipe makes no sense, or there is no validation split.
        RunFailed: it did not train.
        Interrupted: stopped by a signal.
    """
    started = time.perf_counter()
    with removed_folder(recipe) as made:
        folder = RunFolder(made / "run")
        accelerator = Accelerator(recipe.device, recipe.precision)
        with folder.tracking(recipe.model_copy(update={"trackers": []}), resume=False, main=True) as tracking:
            prepared = prepare(recipe, tracking, accelerator)
            if "validation" not in prepared.parts:
                raise InputError(
                    "candidates are compared on validation examples, and there are none",
                    expected="a validation file, or a split with validation",
                    place=place,
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
