"""Validation during training: headline scores of the network as it stands, without intervals."""

from __future__ import annotations

from burnish.evaluation.predict import predict
from burnish.metrics import Metric
from burnish.recipe import Settled
from burnish.runtimes.torch import running
from burnish.stages.assemble import Assembled
from burnish.stages.prepare import Prepared


def deciding(recipe: Settled) -> Metric | None:
    """The metric that chooses the best checkpoint; None where the validation loss does."""
    if recipe.deciding_metric == "loss":
        return None
    return next(m for m in recipe.metrics if m.label == recipe.deciding_metric)


def measure(prepared: Prepared, assembled: Assembled, metric: Metric | None) -> dict[str, float]:
    """Loss, headline metrics and the deciding metric on the validation split."""
    recipe = prepared.recipe
    predictions, loss = predict(
        running(assembled.frozen.network if assembled.frozen else assembled.training.network),
        (assembled.frozen or assembled).loaders["validation"],
        prepared.parts["validation"],
        loss=assembled.loss,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=0 if assembled.frozen else assembled.batches.workers,
    )
    headline = [m for m in recipe.metrics if m.kind() in recipe.target.headline or m is metric]
    return {"loss": loss.mean, **{m.label: m.value(predictions.known) for m in headline}}
