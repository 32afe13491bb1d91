"""The same score on training and on validation rows: whether a model knows its training rows by heart."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from burnish.evaluation.intervals import bootstrap
from burnish.evaluation.predict import needs_truth, predict
from burnish.losses import Loss
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.validate import deciding
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

MOST = 500
"""Rows of each split that are scored: enough to see a gap of a few hundredths, and quick."""


def gap(prepared: Prepared, assembled: Assembled, run: Any, target: Target, loss: Loss) -> dict[str, Any] | None:
    """The deciding score of the shipped weights on training and on validation rows, and their difference, with intervals.

    Every so-many-th row of each split, at most `MOST`, read without augmentation. None where there is no validation split,
    where predictions are written or scored by what the network is shown of the truth, or where the loss decides.

    Args:
        prepared, assembled: the run.
        run: what computes of the bundle.
        target: as it decides.
        loss: of the bundle.
    """
    recipe, metric = prepared.recipe, deciding(prepared.recipe)
    if metric is None or recipe.decoder.reads != "logits" or "validation" not in prepared.parts:
        return None
    if needs_truth(target, loss):
        return None
    found, sizes = {}, {}
    for split in ("train", "validation"):
        predictions, _ = predict(
            run,
            replace(assembled.loaders[split], target=target, decoded=None),
            prepared.parts[split],
            loss=loss,
            group=recipe.group,
            batch_size=recipe.evaluation_batch_size,
            overhead=assembled.batches.overhead,
            share=(0, -(-len(prepared.parts[split]) // MOST)),
            decoder=recipe.decoder,
        )
        found[split] = bootstrap(metric, predictions, resamples=min(recipe.resamples, 1000), seed=recipe.seed)
        sizes[split] = len(predictions.known)
    training, validation = found["train"], found["validation"]
    value = training.value - validation.value
    # Two sets of rows, so that the variances of both scores add.
    below = math.hypot(training.value - training.low, validation.high - validation.value)
    above = math.hypot(training.high - training.value, validation.value - validation.low)
    return {
        "metric": metric.label,
        "greater_is_better": metric.greater_is_better,
        "training": {**asdict(training), "rows": sizes["train"]},
        "validation": {**asdict(validation), "rows": sizes["validation"]},
        "difference": {"value": value, "low": value - below, "high": value + above},
    }
