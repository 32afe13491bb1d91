"""The tested examples once more, changed at fixed strengths: what typos, noise and the like cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from burnish.answering.opening import Computed
from burnish.core.batch import Example
from burnish.core.predictions import Predictions
from burnish.core.seeds import derive
from burnish.data.feeding.loader import Loader
from burnish.data.perturbing import Perturbation, perturbations
from burnish.evaluation.compare import as_values, paired_differences
from burnish.evaluation.predict import Notify, predict
from burnish.evaluation.scores import finite
from burnish.inputs import Augmentable
from burnish.metrics import Metric
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import Filed, Scored

MOST = 2_000
"""Tested examples that are changed at most: every n-th, where there are more."""


def robustness(
    prepared: Prepared,
    split: str,
    run: Computed,
    loader: Loader,
    predictions: Predictions,
    overhead: int,
    notify: Notify,
) -> dict[str, Any]:
    """`robustness`, as scores.json holds it; nothing where the recipe asks for none.

    Each change has its own seed for each row, whatever the seed of the run: two runs see the same changed rows.

    Args:
        prepared: data and recipe.
        split: that was tested.
        run: what computes of the bundle as it was read back.
        loader: of the split, with the target that was tested.
        predictions: of the rows as they are.
        overhead: as of `predict`.
        notify: told how far it is.
    """
    recipe, part = prepared.recipe, prepared.parts[split]
    if not recipe.robustness:
        return {}
    changes = perturbations(recipe.input.read_as) if isinstance(recipe.input, Augmentable) else []
    if not changes or isinstance(recipe.target, Filed | Scored):
        what = f"input {recipe.input.kind()!r} with target {recipe.target.kind()!r}"
        return {"robustness": {"not_tested": f"there are no changes for {what}", "changes": []}}
    each = -(-len(part) // MOST)
    clean = predictions.take(np.arange(0, len(part), each))
    metrics = [m for m in recipe.metrics if m.label in _headline(recipe.metrics, recipe.target.headline)]
    metrics = [m for m in metrics if len(clean.known) and m.applies(clean.known)]
    told = []
    for number, one in enumerate(changes):
        changed, _ = predict(
            run,
            replace(loader, perturbed=_changing(prepared, one)),
            part,
            loss=None,
            group=recipe.group,
            batch_size=recipe.evaluation_batch_size,
            overhead=overhead,
            share=(0, each),
            notify=partial(_further, notify, number, len(changes)),
            decoder=recipe.decoder,
        )
        told.append({"change": one.kind, "strength": one.strength, **_compared(clean, changed, metrics, prepared)})
    rows = {"rows": len(clean.known), "of": len(predictions.known)}
    values = {metric.label: finite(metric.value(clean)) for metric in metrics}
    return {"robustness": {**rows, "metrics": values, "changes": told}}


def _headline(metrics: list[Metric], headline: tuple[str, ...]) -> set[str]:
    """Labels of the metrics that are shown first, and that need no losses."""
    return {m.label for m in metrics if m.kind() in headline or m.label in headline}


def _changing(prepared: Prepared, one: Perturbation) -> Callable[[Example, int], Example]:
    input_, processor = prepared.recipe.input, prepared.processor.for_input
    assert isinstance(input_, Augmentable)

    def change(example: Example, row: int) -> Example:
        return input_.perturbed(example, processor, one.change, derive(0, "robustness", one.kind, one.strength, row))

    return change


def _compared(clean: Predictions, changed: Predictions, metrics: list[Metric], prepared: Prepared) -> dict[str, Any]:
    """The score of the changed rows, and changed minus clean, paired; and how many predictions became others."""
    drawn: dict[str, Any] = {"seed": prepared.recipe.seed, "resamples": prepared.recipe.resamples}
    differences = paired_differences(metrics, changed, clean, **drawn)
    others = sum(a != b for a, b in zip(clean.answer, changed.answer, strict=True))
    return {
        "metrics": {metric.label: finite(metric.value(changed)) for metric in metrics},
        "differences": {label: as_values(one) for label, one in differences.items()},
        "changed_predictions": others,
    }


def _further(notify: Notify, number: int, changes: int, text: str, done: int, total: int) -> None:
    """How far one change is, as a part of all."""
    notify("robustness", number * total + done, changes * total)
