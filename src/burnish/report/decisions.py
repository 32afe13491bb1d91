"""Section of the report about how logits become answers: temperature, thresholds, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, table

SHOWN = 40
"""Labels whose thresholds are shown; all are in scores.json."""


def decisions(found: Mapping[str, Any]) -> list[str]:
    """What was learned from the validation rows and holds for every answer of the bundle; nothing where nothing was."""
    if not found:
        return []
    lines = [
        "## Decisions",
        "",
        f"Learned from {found['rows']:,} {found['learned_from']} rows, stored in the bundle, and in force above.",
    ]
    if "temperature" in found:
        own = found["temperature"]
        lines.append(
            f"- Temperature {own['value']:.3f}: {_where(own)} Log loss on these rows {_change(own)}"
            + (f", on the scored rows {_change(own['test'])}." if "test" in own else ".")
        )
    if "abstention" in found:
        lines.append(_abstention(found["abstention"]))
    if "thresholds" in found:
        lines += _thresholds(found["thresholds"])
    return lines


def _where(own: Mapping[str, Any]) -> str:
    if own.get("in_weights"):
        return "logits are divided by it, in the weights of the last layer: other libraries give the same confidences."
    if "in_weights" in own:
        return "logits are divided by it by burnish; other libraries must do so, or their confidences are others."
    return "logits are divided by it."


def _change(own: Mapping[str, Any]) -> str:
    return f"{own['log_loss_before']:.4f} before, {own['log_loss_after']:.4f} after"


def _abstention(own: Mapping[str, Any]) -> str:
    asked, test = f"{own['asked']:g}", own.get("test") or {}
    if own["accuracy"] is None:
        said = (
            f"no confidence was shown to be enough for {asked} right answers, so every answer is marked as abstained."
        )
    else:
        said = (
            f"below a confidence of {own['abstain_below']:.4f} an answer is marked as abstained. Of the validation rows "
            f"{own['coverage']:.1%} are answered, {own['accuracy']:.1%} of them rightly; {asked} was asked for, and is "
            "kept with 95 % confidence by an exact bound, for rows like these."
        )
    if test.get("answered"):
        said += (
            f" Of the scored rows {test['coverage']:.1%} are answered, {test['accuracy']:.1%} of them rightly "
            f"({test['low']:.1%} to {test['high']:.1%})."
        )
    return "- Abstention: " + said


def _thresholds(own: Mapping[str, Any]) -> list[str]:
    chosen = sorted(own["chosen"].items())
    rows = [[name(label), number(value)] for label, value in chosen[:SHOWN]]
    more = f" {len(chosen) - SHOWN} more are in scores.json." if len(chosen) > SHOWN else ""
    left = f" Too few rows to choose one, left as given: {', '.join(map(name, own['left']))}." if own["left"] else ""
    lines = [f"- Thresholds of {len(chosen)} labels, each the one with the best F1.{more}{left}"]
    return [*lines, "", *table(["label", "threshold"], rows, right=(1,))] if rows else lines
