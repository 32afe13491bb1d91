"""Training rows resampled in the space of frozen features, where a recipe asks for it."""

from __future__ import annotations

import math
from dataclasses import replace

from burnish.core.errors import InputError
from burnish.data.feeding.batches import TrainingBatches
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.priors import names_of_strata
from burnish.training.features.cache import FeatureLoader, Frozen
from burnish.training.features.resampled import resampled


def resampled_rows(
    prepared: Prepared, frozen: Frozen | None, batches: TrainingBatches
) -> tuple[Frozen | None, TrainingBatches, list[str]]:
    """Features and batches with the rows that the recipe's resampler leaves and makes; what is to be said.

    Without a resampler they are what they were.

    Raises:
        InputError: features could not be computed once.
    """
    recipe = prepared.recipe
    if recipe.resampler is None:
        return frozen, batches, []
    loader = frozen.loaders["train"] if frozen is not None else None
    if frozen is None or not isinstance(loader, FeatureLoader):
        raise InputError(
            f"resampler {recipe.resampler.kind()!r} needs the features of a frozen network, and they cannot be computed once",
            fix="imbalance: oversampling, or class weights; cache_features: always says why",
            place="resampler",
        )
    names = dict(enumerate(names_of_strata(prepared)))
    longer, order, said = resampled(recipe.resampler, loader, batches.order, names, seed=recipe.seed)
    total = recipe.max_steps or max(1, math.ceil(recipe.epochs * order.steps_per_epoch))
    return (
        replace(frozen, loaders={**frozen.loaders, "train": longer}),
        replace(batches, order=order, total_steps=total),
        said,
    )
