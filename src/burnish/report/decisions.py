"""Section of the report about how logits become predictions: calibration, thresholds, abstention, prediction sets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from burnish.report.conformal import conformal
from burnish.report.markdown import name, number, table

SHOWN = 40
"""Labels whose thresholds are shown; all are in scores.json."""


def decisions(learned: Mapping[str, Any]) -> list[str]:
    """What was learned on validation and holds for every prediction of the bundle; nothing where nothing was."""
    if not learned:
        return []
    source = f"Learned from {learned['rows']:,} {learned['learned_from']} examples, s" if "rows" in learned else "S"
    lines = ["## Calibration, thresholds, abstention", "", f"{source}tored in the bundle, applied in all scores above."]
    if "prior_correction" in learned:
        lines += _corrected(learned["prior_correction"]["offsets"])
    if "costs" in learned:
        lines.append("- Costs: the prediction is made that costs least on average, by the probabilities.")
    if "temperature" in learned:
        temperature = learned["temperature"]
        lines.append(
            f"- Temperature {temperature['value']:.3f}: {_where(temperature)} Log loss on these examples {_change(temperature)}"
            + (f", on the evaluated examples {_change(temperature['test'])}." if "test" in temperature else ".")
        )
    if "calibrator" in learned:
        lines.append(_calibrator(learned["calibrator"]))
    if "abstention" in learned:
        lines.append(_abstention(learned["abstention"]))
    if "conformal" in learned:
        lines += conformal(learned["conformal"])
    if "thresholds" in learned:
        lines += _thresholds(learned["thresholds"])
    return lines


def _calibrator(found: Mapping[str, Any]) -> str:
    """What was learned of each label, and what it did."""
    if "factors" in found:
        factors, summands = found["factors"].values(), found["summands"].values()
        name, of = ("Vector", "log probabilities") if found["kind"] == "vector" else ("Sigmoid", "log-odds")
        said = (
            f"{name} scaling: {of} times {min(factors):.3f} to {max(factors):.3f}, plus {min(summands):.3f} to "
            f"{max(summands):.3f}, by label."
        )
    else:
        together = ", divided by their sum" if found["kind"] == "isotonic" else ""
        points = sum(len(curve["probabilities"]) for curve in found["curves"].values())
        said = f"Isotonic regression: {len(found['curves'])} curves with {points:,} points together{together}."
    if left := found.get("left"):
        said += f" With too few validation examples to learn from, left as they are: {', '.join(left)}."
    function = "softmax" if found["kind"] in ("vector", "isotonic") else "sigmoid"
    tail = f", on the evaluated examples {_change(found['test'])}." if "test" in found else "."
    return (
        f"- {said} burnish does this after {function}; other libraries give the probabilities of before. Log loss on the "
        f"validation examples it was learned from {_change(found)}{tail}"
    )


def _where(temperature: Mapping[str, Any]) -> str:
    if temperature.get("in_weights"):
        return "the logits are divided by it, inside the last layer: other libraries give the same probabilities."
    if "in_weights" in temperature:
        return "burnish divides the logits by it; other libraries must do the same to give these probabilities."
    return "the logits are divided by it."


def _change(losses: Mapping[str, Any]) -> str:
    return f"{losses['log_loss_before']:.4f} before, {losses['log_loss_after']:.4f} after"


def _abstention(promise: Mapping[str, Any]) -> str:
    asked, test = f"{promise['asked']:g}", promise.get("test") or {}
    if promise["accuracy"] is None:
        said = f"no confidence was shown to reach an accuracy of {asked}, so every prediction is marked as abstained."
    else:
        said = (
            f"predictions below a confidence of {promise['abstain_below']:.4f} are marked as abstained. On validation "
            f"{promise['coverage']:.1%} of the predictions are accepted, with an accuracy of {promise['accuracy']:.1%}. "
            f"An accuracy of {asked} holds with 95 % confidence (exact bound) for data like these."
        )
    if test.get("answered"):
        said += (
            f" On the evaluated examples {test['coverage']:.1%} are accepted, with an accuracy of {test['accuracy']:.1%} "
            f"(95 % CI {test['low']:.1%} to {test['high']:.1%})."
        )
    return "- Abstention: " + said


def _corrected(offsets: Mapping[str, float]) -> list[str]:
    widest = max(offsets.values(), default=0.0) - min(offsets.values(), default=0.0)
    return [
        "- Probabilities are corrected for how common labels were in training, as weights, samplers or the loss made them: "
        f"they are those of the training split as it is. The odds of two labels move by up to a factor of {math.exp(widest):.3g}."
    ]


_AIMS = {
    "f1": "F1",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "matthews": "correlation (Matthews)",
    "cost": "cost",
}


def _thresholds(thresholds: Mapping[str, Any]) -> list[str]:
    chosen = sorted(thresholds["chosen"].items())
    rows = [[name(label), number(value)] for label, value in chosen[:SHOWN]]
    more = f" {len(chosen) - SHOWN} more are in scores.json." if len(chosen) > SHOWN else ""
    left = (
        f" Too few examples to choose one, left as given: {', '.join(map(name, thresholds['left']))}."
        if thresholds["left"]
        else ""
    )
    what, said = _tuned(thresholds, len(chosen))
    lines = [f"- {said}{more}{left}"]
    return [*lines, "", *table(["label", what], rows, right=(1,))] if rows else lines


def _tuned(thresholds: Mapping[str, Any], count: int) -> tuple[str, str]:
    """What the numbers are, and how they came about, in words."""
    aim = _AIMS[thresholds.get("aim", "f1")]
    if "before" not in thresholds:
        return "threshold", f"Thresholds of {count} labels, each the one with the best {aim}."
    change = (
        f"on validation {aim} is {abs(thresholds['after']):.4f} with it, and {abs(thresholds['before']):.4f} without"
    )
    if thresholds.get("strength") is not None:
        said = f"Logit adjustment after training, strength {thresholds['strength']:g}"
        return "weight", f"{said}: the largest probability times its weight is predicted; {change}."
    if not count:
        return "weight", f"Weights of labels: none betters {aim}, so the most probable label is predicted."
    return "weight", f"Weights of {count} labels: the largest probability times its weight is predicted; {change}."
