"""Section of the report about how logits become predictions: temperature, thresholds, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, table

SHOWN = 40
"""Labels whose thresholds are shown; all are in scores.json."""


def decisions(found: Mapping[str, Any]) -> list[str]:
    """What was learned on validation and holds for every prediction of the bundle; nothing where nothing was."""
    if not found:
        return []
    lines = [
        "## Calibration, thresholds, abstention",
        "",
        f"Learned from {found['rows']:,} {found['learned_from']} examples, stored in the bundle, applied in all scores above.",
    ]
    if "temperature" in found:
        own = found["temperature"]
        lines.append(
            f"- Temperature {own['value']:.3f}: {_where(own)} Log loss on these examples {_change(own)}"
            + (f", on the evaluated examples {_change(own['test'])}." if "test" in own else ".")
        )
    if "abstention" in found:
        lines.append(_abstention(found["abstention"]))
    if "thresholds" in found:
        lines += _thresholds(found["thresholds"])
    return lines


def _where(own: Mapping[str, Any]) -> str:
    if own.get("in_weights"):
        return "the logits are divided by it, inside the last layer: other libraries give the same probabilities."
    if "in_weights" in own:
        return "burnish divides the logits by it; other libraries must do the same to give these probabilities."
    return "the logits are divided by it."


def _change(own: Mapping[str, Any]) -> str:
    return f"{own['log_loss_before']:.4f} before, {own['log_loss_after']:.4f} after"


def _abstention(own: Mapping[str, Any]) -> str:
    asked, test = f"{own['asked']:g}", own.get("test") or {}
    if own["accuracy"] is None:
        said = f"no confidence was shown to reach an accuracy of {asked}, so every prediction is marked as abstained."
    else:
        said = (
            f"predictions below a confidence of {own['abstain_below']:.4f} are marked as abstained. On validation "
            f"{own['coverage']:.1%} of the predictions are accepted, with an accuracy of {own['accuracy']:.1%}. An accuracy "
            f"of {asked} holds with 95 % confidence (exact bound) for data like these."
        )
    if test.get("answered"):
        said += (
            f" On the evaluated examples {test['coverage']:.1%} are accepted, with an accuracy of {test['accuracy']:.1%} "
            f"(95 % CI {test['low']:.1%} to {test['high']:.1%})."
        )
    return "- Abstention: " + said


def _thresholds(own: Mapping[str, Any]) -> list[str]:
    chosen = sorted(own["chosen"].items())
    rows = [[name(label), number(value)] for label, value in chosen[:SHOWN]]
    more = f" {len(chosen) - SHOWN} more are in scores.json." if len(chosen) > SHOWN else ""
    left = (
        f" Too few examples to choose one, left as given: {', '.join(map(name, own['left']))}." if own["left"] else ""
    )
    lines = [f"- Thresholds of {len(chosen)} labels, each the one with the best F1.{more}{left}"]
    return [*lines, "", *table(["label", "threshold"], rows, right=(1,))] if rows else lines
