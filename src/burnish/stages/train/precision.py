"""The precision of a run: found at its start, written into its recipe, and never found anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from burnish.core.network import Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.run_folder import RunFolder
from burnish.training import precision
from burnish.training.accelerator import Accelerator, Precision

FOUND = ("float32", "bfloat16", "float16")


def joined(recipe: Recipe, folder: RunFolder, *, resume: bool) -> tuple[Recipe, Accelerator]:
    """The recipe and this process of a run; of one that is resumed with the precision it began in."""
    recipe, computed_in = _as_begun(recipe, folder) if resume else (recipe, recipe.precision)
    return recipe, Accelerator(recipe.device, computed_in)


def _as_begun(recipe: Recipe, folder: RunFolder) -> tuple[Recipe, Precision]:
    """`auto` is what it came to when the run began: as its recipe says, or in runs of burnish 0.7.0 and older its events."""
    if recipe.precision != "auto" or not folder.recipe.is_file():
        return recipe, recipe.precision
    written = load_file(folder.recipe).get("precision")
    if written in FOUND:
        recipe = recipe.model_copy(update={"precision": written})
        return recipe, recipe.precision
    told = [event.get("precision") for event in folder.read_events() if event.get("name") == "run_started"]
    return recipe, next((value for value in told if value in FOUND), recipe.precision)


def settled(prepared: Prepared, accelerator: Accelerator, *, resume: bool) -> Prepared:
    """The same with the precision in its recipe that a run which begins computes in."""
    update = {} if resume else {"precision": accelerator.precision}
    return replace(prepared, recipe=prepared.recipe.model_copy(update=update))


def decided(network: Network, batches: TrainingBatches, accelerator: Accelerator) -> list[str]:
    """Find the precision of a run that is about to begin, where it is left open; what is to be said."""
    if not accelerator.undecided:
        return []
    order, loader = batches.order, batches.loader
    middle = np.argsort(order.lengths, kind="stable")[(len(order.lengths) - 1) // 2]  # a row of usual length
    positions = order.usable[np.full(precision.SEEN, middle)]
    inputs = loader.batch(positions).inputs
    return precision.decide(accelerator, network, inputs, order.batch_size)
