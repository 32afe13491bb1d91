"""Validation during training: headline scores of the network as it stands, without intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions
from burnish.core.weighted import ZERO, WeightedSum
from burnish.evaluation.predict import predict
from burnish.metrics import Metric
from burnish.recipe.recipe import Settled
from burnish.runtimes.torch import running
from burnish.stages.nonfinite import answers_not_finite
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.assemble import Assembled


def deciding(recipe: Settled) -> Metric | None:
    """The metric that chooses the best checkpoint; None where the validation loss does."""
    if recipe.deciding_metric == "loss":
        return None
    return next(m for m in recipe.metrics if m.label == recipe.deciding_metric)


def measure(
    prepared: Prepared, assembled: Assembled, metric: Metric | None, warn: Callable[[str], None]
) -> dict[str, float]:
    """Loss, headline metrics and the deciding metric on the validation split; of the averaged weights where there are some.

    Processes share the rows, and every one gets the scores of all rows. A network that answers a row with NaN or infinity
    has no score at all, whatever its other answers are, and `warn` is told.
    """
    strange: list[int] = []
    recipe, accelerator = prepared.recipe, assembled.training.accelerator
    with assembled.average.in_place() if assembled.average is not None else nullcontext():
        own = predict(
            running(assembled.frozen.network if assembled.frozen else assembled.training.network),
            (assembled.frozen or assembled).loaders["validation"],
            prepared.parts["validation"],
            loss=assembled.loss,
            batch_size=recipe.evaluation_batch_size,
            overhead=assembled.batches.overhead,
            workers=0 if assembled.frozen else assembled.batches.workers,
            share=(accelerator.process, accelerator.processes),
            strange=strange,
        )
    predictions, loss = _joined(accelerator.together([own]))
    headline = [m for m in recipe.metrics if m.kind() in recipe.target.headline or m is metric]
    if said := answers_not_finite(accelerator.together(strange), prepared.parts["validation"], "validation"):
        warn(f"{said}; such a score is never the best")
        return {"loss": math.nan, **{m.label: math.nan for m in headline}}
    return {"loss": loss.mean, **{m.label: m.value(predictions.known) for m in headline}}


def _joined(shares: list[tuple[Predictions, WeightedSum[float]]]) -> tuple[Predictions, WeightedSum[float]]:
    """All rows in their order, from shares of every k-th row."""
    if len(shares) == 1:
        return shares[0]
    rows = sum(len(predictions) for predictions, _ in shares)
    positions = np.concatenate([np.arange(k, rows, len(shares)) for k in range(len(shares))])
    table = pa.concat_tables([predictions.table for predictions, _ in shares])
    return Predictions(table.take(pa.array(np.argsort(positions)))), sum((loss for _, loss in shares), ZERO)
