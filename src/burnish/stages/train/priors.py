"""How common each label was while a network learned: by what weights, samplers, resampling and losses made of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from burnish.evaluation.prior_shift import offsets
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import is_exclusive, names_of

if TYPE_CHECKING:
    from burnish.data.feeding.order import Order

Values = NDArray[np.float64]


def corrected(prepared: Prepared, order: Order) -> dict[str, float]:
    """By label, what is added to its logit so that probabilities are those of the training split as it was.

    Args:
        prepared: the run.
        order: of its training rows, resampled where they were.
    """
    names, recipe = names_of(prepared.recipe.target), prepared.recipe
    weights = class_weights_of(prepared)
    if not is_exclusive(recipe.target):  # of several labels, each a yes or no whose odds a weight multiplies
        return dict(zip(names, map(float, -np.log(weights)), strict=True))
    true = frequencies_of(prepared)
    seen = _seen(prepared, order) * weights / np.exp(recipe.loss.shift(names))
    return dict(zip(names, map(float, offsets(true, seen)), strict=True))


def frequencies_of(prepared: Prepared) -> Values:
    """[C] share of each label among the training rows."""
    counts = prepared.truths["train"].counts
    values = np.array([counts.get(name, 0) for name in names_of(prepared.recipe.target)], np.float64)
    return np.asarray(np.maximum(values, 0.5) / values.sum())  # of a label that is never there, half a row


def class_weights_of(prepared: Prepared) -> Values:
    """[C] the weight of each class in the loss; 1 for those that have none."""
    recipe, counts = prepared.recipe, prepared.truths["train"].counts
    weights = np.asarray(recipe.class_weights.weights(names_of(recipe.target), counts), np.float64)
    return np.where(weights > 0, weights, 1.0)


def _seen(prepared: Prepared, order: Order) -> Values:
    """[C] how many rows of each label an epoch visits."""
    visited = order.sampler.order(order.lengths, order.strata, batch_size=order.batch_size, seed=order.seed, epoch=0)
    names = names_of(prepared.recipe.target)
    of_stratum = names_of_strata(prepared)
    counts = np.bincount(order.strata[visited][order.strata[visited] >= 0], minlength=len(of_stratum))
    seen = {name: float(count) for name, count in zip(of_stratum, counts, strict=False)}
    return np.array([max(seen.get(name, 0.0), 0.5) for name in names])


def names_of_strata(prepared: Prepared) -> list[str]:
    """The label that each stratum stands for, in the order of their numbers: that of first appearance."""
    truths, target = prepared.truths["train"], prepared.recipe.target
    _, first = np.unique(truths.strata[truths.strata >= 0], return_index=True)
    rows = truths.part.rows[np.flatnonzero(truths.strata >= 0)[first]]
    return [str(target.truth(cell)) for cell in truths.part.table.arrow[target.column].take(rows).to_pylist()]
