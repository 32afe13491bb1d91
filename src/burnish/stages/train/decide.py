"""After training, before the test: how logits become answers, learned from the validation split."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from burnish.core.events import Event
from burnish.core.predictions import Predictions
from burnish.evaluation.abstention import kept, promised
from burnish.evaluation.calibration import temperature, tempered
from burnish.evaluation.predict import predict
from burnish.evaluation.thresholds import f1_thresholds
from burnish.recipe.recipe import Recipe
from burnish.runtimes.torch import running
from burnish.stages.prepare.decisions import asked
from burnish.stages.prepare.prepare import Phases, Prepared
from burnish.targets import Confident, Target
from burnish.trackers import Tracking

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled


def decide(prepared: Prepared, assembled: Assembled, tracking: Tracking) -> Decisions:
    """What the recipe asks for, learned from the answers of the best weights to the validation rows.

    Args:
        prepared, assembled: the run; the network holds the weights that will be tested.
        tracking: told how far it is, and what promises cannot be kept.
    """
    recipe, target = prepared.recipe, prepared.recipe.target
    if not asked(recipe):
        return target, {}
    network = assembled.training.network
    network.eval()
    predictions, _ = predict(
        running(network),
        assembled.loaders["validation"],
        prepared.parts["validation"],
        loss=None,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=assembled.batches.workers,
        notify=Phases(tracking),
    )
    return learned(recipe, target, predictions, lambda text: tracking(Event("warning", {"text": text})))


def surprise(target: Target, predictions: Predictions, truths: list[Any] | None = None) -> float:
    """Mean log loss of the rows whose truth is known."""
    known = predictions.known
    assert isinstance(target, Confident)  # it has been calibrated
    return target.surprise(known.truth if truths is None else truths, known.probabilities)


Decisions = tuple[Target, dict[str, Any]]
"""The target that decides so, and what was learned, as plain values."""


def learned(recipe: Recipe, target: Target, predictions: Predictions, say: Callable[[str], None]) -> Decisions:
    """Temperature first, then thresholds and abstention by the probabilities it gives."""
    facts: dict[str, Any] = {"learned_from": "validation", "rows": len(predictions.known)}
    if recipe.calibration == "temperature":
        divisor = temperature(target, predictions)
        before, untempered = surprise(target, predictions), predictions
        predictions = tempered(target, predictions, divisor)
        after = surprise(target, predictions, untempered.known.truth)
        facts["temperature"] = {"value": divisor, "log_loss_before": before, "log_loss_after": after}
        target = target.model_copy(update={"temperature": divisor})
    if recipe.thresholds == "f1":
        thresholds = f1_thresholds(predictions)
        facts["thresholds"] = asdict(thresholds)
        target = target.model_copy(update={"own_thresholds": thresholds.chosen})
        if thresholds.left:
            say(
                f"thresholds: {len(thresholds.left)} labels have too few validation examples and keep the given threshold"
            )
    if recipe.abstention is not None:
        promise = promised(predictions, recipe.abstention)
        if promise.abstain_below is None:
            say(
                f"abstention: of {promise.rows:,} validation examples no share is shown to be right in {recipe.abstention:g} "
                "of the cases; every prediction will be marked as abstained"
            )
        below = 1.0 if promise.abstain_below is None else promise.abstain_below
        accuracy = promise.accuracy if math.isfinite(promise.accuracy) else None
        facts["abstention"] = {
            "asked": recipe.abstention,
            **asdict(promise),
            "accuracy": accuracy,
            "abstain_below": below,
        }
        target = target.model_copy(update={"abstain_below": below})
    return target, facts


def on_test(facts: dict[str, Any], target: Target, predictions: Predictions, inside: float = 1.0) -> dict[str, Any]:
    """With what became of it on rows that it was not learned from.

    Args:
        facts: of `learned`.
        target: that decided so.
        predictions: what it answered.
        inside: the temperature that the weights hold already.
    """
    extended = dict(facts)
    if "temperature" in facts:
        plain = tempered(target, predictions, 1.0 / inside).known
        before, after = (surprise(target, p, plain.truth) for p in (plain, predictions))
        test = {"log_loss_before": before, "log_loss_after": after}
        extended["temperature"] = {**facts["temperature"], "in_weights": inside != 1, "test": test}
    if "abstention" in facts:
        promise = facts["abstention"]
        extended["abstention"] = {**promise, "test": kept(predictions, promise["abstain_below"])}
    return extended
