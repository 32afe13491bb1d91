"""After training, before the test: how logits become answers, learned from the validation split."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.events import Event
from burnish.core.predictions import Predictions
from burnish.evaluation.abstention import kept, promised
from burnish.evaluation.calibration import temperature, tempered
from burnish.evaluation.calibrators import calibrated, calibrator_of, uncalibrated
from burnish.evaluation.conformal import apart, learned_regions, reached
from burnish.evaluation.predict import predict
from burnish.recipe.recipe import Recipe
from burnish.runtimes.torch import running
from burnish.stages.prepare.decisions import asked, halved
from burnish.stages.prepare.prepare import Phases, Prepared
from burnish.stages.train.priors import corrected, frequencies_of
from burnish.stages.train.tuned import answered_by, cheapest, tuned_decisions, without_change
from burnish.targets import UNCALIBRATED, Confident, Named, Target, is_exclusive
from burnish.trackers import Tracking

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled


def decide(prepared: Prepared, assembled: Assembled, tracking: Tracking) -> Decisions:
    """What the recipe asks for, learned from the answers of the best weights to the validation rows.

    Args:
        prepared, assembled: the run; the network holds the weights that will be tested.
        tracking: told how far it is, and what promises cannot be kept.
    """
    recipe = prepared.recipe
    target, facts = beforehand(prepared, assembled)
    if not asked(recipe):
        return without_change(target, recipe.costs), facts
    named = isinstance(target, Named)
    network = assembled.training.network
    network.eval()
    predictions, _ = predict(
        running(network),
        replace(assembled.loaders["validation"], target=target),
        prepared.parts["validation"],
        loss=None,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=assembled.batches.workers,
        notify=Phases(tracking),
    )

    def warn(text: str) -> None:
        tracking(Event("warning", {"text": text}))

    target, more = learned(recipe, target, predictions, warn, frequencies_of(prepared) if named else None)
    return target, {**facts, **more}


def beforehand(prepared: Prepared, assembled: Assembled) -> Decisions:
    """What is known without any answer: the correction of a changed prior, and costs."""
    recipe, target = prepared.recipe, prepared.recipe.target
    facts: dict[str, Any] = {}
    if recipe.prior_correction:
        offsets = corrected(prepared, assembled.batches.order)
        facts["prior_correction"] = {"offsets": offsets}
        target = target.model_copy(update={"offsets": offsets})
    if recipe.costs and recipe.thresholds == "given":
        facts["costs"] = recipe.costs
        target = target.model_copy(update=cheapest(target, recipe.costs))
    return target, facts


def surprise(target: Target, predictions: Predictions, truths: list[Any] | None = None) -> float:
    """Mean log loss of the rows whose truth is known."""
    known = predictions.known
    assert isinstance(target, Confident)  # it has been calibrated
    return target.surprise(known.truth if truths is None else truths, known.probabilities)


Decisions = tuple[Target, dict[str, Any]]
"""The target that decides so, and what was learned, as plain values."""


def learned(
    recipe: Recipe,
    target: Target,
    predictions: Predictions,
    say: Callable[[str], None],
    frequencies: NDArray[np.float64] | None = None,
) -> Decisions:
    """Calibration first, then thresholds, abstention and prediction sets by the probabilities it gives.

    Args:
        recipe, target: of the run; the target with what is known beforehand.
        predictions: of the validation split.
        say: told what promises cannot be kept.
        frequencies: [C] share of each label among the training rows, for `thresholds: prior`.
    """
    facts: dict[str, Any] = {"learned_from": "validation", "rows": len(predictions.known)}
    fitting, rest = _divided(recipe, target, predictions)
    if recipe.calibration == "temperature":
        divisor = temperature(target, fitting)
        before, after = (
            surprise(target, p, fitting.known.truth) for p in (fitting, tempered(target, fitting, divisor))
        )
        predictions, rest = (tempered(target, p, divisor) for p in (predictions, rest))
        facts["temperature"] = {"value": divisor, "log_loss_before": before, "log_loss_after": after}
        target = target.model_copy(update={"temperature": divisor})
    elif recipe.calibration != "none":
        made = calibrator_of(recipe.calibration, target, fitting)
        before = surprise(target, fitting)
        target = target.model_copy(update={"calibrator": made})
        after = surprise(target, calibrated(target, fitting))
        predictions, rest = (calibrated(target, p) for p in (predictions, rest))
        facts["calibrator"] = {**made.model_dump(mode="json"), "log_loss_before": before, "log_loss_after": after}
        if left := uncalibrated(target):
            facts["calibrator"]["left"] = left
            shown = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
            say(f"calibration: left as they are, with too few validation examples to learn from: {shown}")
    target = without_change(target, recipe.costs)
    if recipe.thresholds != "given":
        target, facts["thresholds"] = tuned_decisions(recipe, target, predictions, frequencies)
        if left := facts["thresholds"]["left"]:
            say(f"thresholds: {len(left)} labels have too few validation examples and keep the given threshold")
    predictions = answered_by(target, predictions)
    if recipe.abstention is not None:
        target, facts["abstention"] = _abstaining(recipe.abstention, target, predictions, say)
    if recipe.conformal is not None:
        by_class = recipe.conformal.guarantee == "class_conditional"
        target, sets = learned_regions(
            target, rest.known, recipe.conformal.coverage, recipe.conformal.method, by_class=by_class
        )
        facts["conformal"] = {**sets, "apart": halved(recipe)}
    return target, facts


def _divided(recipe: Recipe, target: Target, predictions: Predictions) -> tuple[Predictions, Predictions]:
    """Rows that calibrate probabilities, and rows that prediction sets are learned from: all, unless both are asked for."""
    if not halved(recipe):
        return predictions, predictions
    known = predictions.known
    rows = known.table["row"].to_pylist()
    half = apart(rows, known.truth, known.groups, recipe.dividing_seed, by_class=is_exclusive(target))
    return known.take(np.flatnonzero(~half)), known.take(np.flatnonzero(half))


def _abstaining(accuracy: float, target: Target, predictions: Predictions, say: Callable[[str], None]) -> Decisions:
    """The target that marks what is not sure enough, and what was promised."""
    promise = promised(predictions, accuracy)
    if promise.abstain_below is None:
        say(
            f"abstention: of {promise.rows:,} validation examples no share is shown to be right in {accuracy:g} "
            "of the cases; every prediction will be marked as abstained"
        )
    below = 1.0 if promise.abstain_below is None else promise.abstain_below
    reached_ = promise.accuracy if math.isfinite(promise.accuracy) else None
    facts = {"asked": accuracy, **asdict(promise), "accuracy": reached_, "abstain_below": below}
    return target.model_copy(update={"abstain_below": below}), facts


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
    if "calibrator" in facts:
        known = predictions.known
        plainly = float(np.nanmean(known.numbers(UNCALIBRATED)))
        test = {"log_loss_before": plainly, "log_loss_after": surprise(target, known)}
        extended["calibrator"] = {**facts["calibrator"], "test": test}
    if "abstention" in facts:
        promise = facts["abstention"]
        extended["abstention"] = {**promise, "test": kept(predictions, promise["abstain_below"])}
    if "conformal" in facts:
        extended["conformal"] = {**facts["conformal"], "test": reached(facts["conformal"], target, predictions)}
    return extended
