"""Slices of the tested examples of a run."""

from __future__ import annotations

from typing import Any

from burnish.core.predictions import Predictions
from burnish.report.summary import deciding
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.slicing import Lengths, slices


def sliced(prepared: Prepared, split: str, predictions: Predictions, scored: dict[str, Any]) -> dict[str, Any]:
    """`slices`, as scores.json holds it; nothing where nothing divides the examples.

    Args:
        prepared: data and recipe.
        split: that was tested.
        predictions: of it.
        scored: what `evaluation.scores.scores` gave: its deciding metric is computed of each part.
    """
    recipe = prepared.recipe
    label = deciding(scored, recipe.deciding_metric)
    metric = next(metric for metric in recipe.metrics if metric.label == label)
    lengths = None
    if recipe.input.lengths_matter:
        of = {name: prepared.encoded[name].given_full_lengths for name in (split, "train")}
        lengths = Lengths(recipe.input.length_unit, of[split], of["train"])
    found = slices(
        predictions,
        prepared.parts[split],
        metric,
        named=recipe.slices,
        input=recipe.input,
        target=recipe.target,
        train=prepared.parts["train"],
        lengths=lengths,
        resamples=recipe.resamples,
        seed=recipe.seed,
    )
    return {} if found is None else {"slices": found}
