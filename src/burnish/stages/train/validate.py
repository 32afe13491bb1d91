"""Validation during training: headline scores of the network as it stands, without intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions
from burnish.core.weighted import ZERO, WeightedSum
from burnish.evaluation.predict import Notify, needs_truth, predict
from burnish.metrics import Metric
from burnish.recipe.recipe import Settled
from burnish.runtimes.torch import computing
from burnish.stages.nonfinite import answers_not_finite
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.assemble import Assembled
from burnish.training.history import noise_of_share
from burnish.training.placed import PlacedRun


def deciding(recipe: Settled) -> Metric | None:
    """The metric that chooses the best checkpoint; None where the validation loss does."""
    if recipe.deciding_metric == "loss":
        return None
    return next(m for m in recipe.metrics if m.label == recipe.deciding_metric)


def noise(metric: Metric | None, value: float, rows: int) -> float:
    """How far below a deciding score another one is its equal: one standard error over the validation rows.

    Nothing for losses and errors: they are means over rows, and do not jump from row to row as shares of rows do.
    """
    return noise_of_share(value, rows) if metric is not None and metric.greater_is_better else 0.0


def choice(recipe: Settled, rows: int) -> list[str]:
    """By what the best of the checkpoints is chosen where it need not have the highest score, in words; else nothing."""
    near = noise(deciding(recipe), 0.8, rows)
    if not near:
        return []
    return [
        f"best checkpoint: the lowest validation loss among those whose {recipe.deciding_metric} is within one standard "
        f"error of the highest ({near:.2g} at a score of 0.8, on {rows:,} validation examples)"
    ]


def measure(
    prepared: Prepared,
    assembled: Assembled,
    metric: Metric | None,
    warn: Callable[[str], None],
    notify: Notify | None = None,
) -> dict[str, float]:
    """Loss, headline metrics and the deciding metric on the validation split; of the averaged weights where there are some.

    Processes share the rows, and every one gets the scores of all rows. A network that answers a row with NaN or infinity
    has no score at all, whatever its other answers are, and `warn` is told. `notify` is told after each batch.
    """
    strange: list[int] = []
    recipe, accelerator = prepared.recipe, assembled.training.accelerator
    with assembled.average.in_place() if assembled.average is not None else nullcontext():
        loader = (assembled.frozen or assembled).loaders["validation"]
        with PlacedRun(
            assembled.training.objective, accelerator, lambda: loader.batch(np.zeros(1, np.int64)).inputs
        ) as run:
            steps = recipe.decoder.writes()
            writes = steps and metric is not None  # writing takes many times as long as a loss
            predicted = predict(
                (computing(assembled.training.network, recipe.decoder) if writes else None) if steps else run,
                loader,
                prepared.parts["validation"],
                loss=assembled.loss,
                taught=run.losses if needs_truth(recipe.target, assembled.loss) else None,
                batch_size=recipe.evaluation_batch_size,
                overhead=assembled.batches.overhead,
                workers=0 if assembled.frozen else assembled.batches.workers,
                share=(accelerator.process, accelerator.processes),
                notify=notify,
                strange=strange,
                decoder=recipe.decoder,
            )
    predictions, loss = _joined(accelerator.together([predicted]))
    first = recipe.target.headline  # by kind, with whatever settings; metrics from outside burnish by their label
    headline = [m for m in recipe.metrics if m.kind() in first or m.label in first or m is metric]
    headline = [m for m in headline if m is metric or m.applies(predictions.known)]
    if steps and not writes:
        headline = [m for m in headline if _scored(m, predictions)]
    if said := answers_not_finite(accelerator.together(strange), prepared.parts["validation"], "validation"):
        warn(f"{said}; such a score is never the best")
        return {"loss": math.nan, **{m.label: math.nan for m in headline}}
    return {"loss": loss.mean, **{m.label: m.value(predictions.known) for m in headline}}


def _scored(metric: Metric, predictions: Predictions) -> bool:
    """Whether a metric is known of rows that were not answered: of their losses, say."""
    return bool(metric.columns) and all(np.isfinite(predictions.known.numbers(c)).any() for c in metric.columns)


def _joined(shares: list[tuple[Predictions, WeightedSum[float]]]) -> tuple[Predictions, WeightedSum[float]]:
    """All rows in their order, from shares of every k-th row."""
    if len(shares) == 1:
        return shares[0]
    rows = sum(len(predictions) for predictions, _ in shares)
    positions = np.concatenate([np.arange(k, rows, len(shares)) for k in range(len(shares))])
    table = pa.concat_tables([predictions.table for predictions, _ in shares])
    return Predictions(table.take(pa.array(np.argsort(positions)))), sum((loss for _, loss in shares), ZERO)
