"""Which label is given from when on: the part of a target's decisions that weights, thresholds and costs are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.aims import Aim
from burnish.evaluation.decision_weights import tuned, without_prior
from burnish.evaluation.thresholds import thresholds_for
from burnish.recipe.recipe import Recipe
from burnish.targets import Named, Target, cost_matrix, is_exclusive, names_of

Costs = Mapping[str, Mapping[str, float]]
AIM_OF = {"balanced_accuracy": "balanced_accuracy", "accuracy": "accuracy", "matthews": "matthews"}
"""Deciding metrics by which the strength of a prior is chosen; for all others macro F1."""


def tuned_decisions(
    recipe: Recipe, target: Target, predictions: Predictions, frequencies: NDArray[np.float64] | None
) -> tuple[Target, dict[str, Any]]:
    """The target with thresholds (several labels) or weights (one label), and what is to be written of them."""
    costs = recipe.costs or {}
    if not is_exclusive(target):
        found = thresholds_for(predictions, cast(Aim, recipe.thresholds), costs)
        kept = target.own_thresholds if getattr(target, "offsets", {}) else {}  # type: ignore[attr-defined]
        return target.model_copy(update={"own_thresholds": {**kept, **found.chosen}}), {
            "aim": recipe.thresholds,
            **asdict(found),
        }
    if recipe.thresholds == "prior":
        assert frequencies is not None
        aim = cast(Aim, AIM_OF.get(str(recipe.deciding_metric), "f1"))
        weights = without_prior(predictions, frequencies, aim, recipe.prior_strength)
    else:
        aim = cast(Aim, recipe.thresholds)
        weights = tuned(predictions, aim, cost_matrix(names_of(target), costs) if aim == "cost" else None)
    facts = {"aim": aim, "of": recipe.thresholds, **asdict(weights)}
    return target.model_copy(update={"decision_weights": weights.chosen}), facts


def without_change(target: Target, costs: Costs | None) -> Target:
    """The target whose answers are those of before its probabilities were corrected, where nothing else decides.

    A correction makes probabilities those of the true frequencies. The answers are what weights or samplers were wanted
    for, so they stay: by weights that undo it. Costs decide by the corrected probabilities.
    """
    offsets = getattr(target, "offsets", {})
    if not offsets or costs:
        return target
    if not is_exclusive(target):
        return _same_thresholds(target, offsets)
    temperature = float(getattr(target, "temperature", 1.0))
    weights = {name: math.exp(-value / temperature) for name, value in offsets.items()}
    return target.model_copy(update={"decision_weights": weights})


def _same_thresholds(target: Target, offsets: Mapping[str, float]) -> Target:
    """Of several labels: thresholds at which the same rows get each label as before."""
    temperature = float(getattr(target, "temperature", 1.0))
    least = {name: target.least(name) for name in offsets}  # type: ignore[attr-defined]
    moved = {
        name: 1 / (1 + math.exp(-(math.log(p / (1 - p)) + offsets[name] / temperature))) for name, p in least.items()
    }
    return target.model_copy(update={"own_thresholds": {n: min(max(p, 1e-6), 1 - 1e-6) for n, p in moved.items()}})


def cheapest(target: Target, costs: Costs) -> dict[str, Any]:
    """The fields of a target by which the cheapest answer is given, as far as its probabilities are right."""
    if is_exclusive(target):
        return {"costs": {truth: dict(answers) for truth, answers in costs.items()}}
    least = {
        name: of.get("false_alarm", 1.0) / (of.get("false_alarm", 1.0) + of.get("missed", 1.0))
        for name, of in costs.items()
    }
    return {"own_thresholds": {name: min(max(p, 1e-6), 1 - 1e-6) for name, p in least.items()}}


def answered_by(target: Target, predictions: Predictions) -> Predictions:
    """The same probabilities, answered as the target decides now; of one label only, whose confidence others ask for."""
    if not is_exclusive(target) or not isinstance(target, Named) or not hasattr(target, "votes"):
        return predictions
    if not (getattr(target, "decision_weights", {}) or getattr(target, "costs", {})):
        return predictions
    best = target.votes(predictions.probabilities).argmax(axis=1)
    return predictions.with_answers([target.names[b] for b in best])
