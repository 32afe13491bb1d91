"""The gap between training and validation, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number

SMALL = 0.05
"""A gap that is shown to be less than this much of the validation score is no reason to change anything."""
LEARNED = 0.95
"""A share of right answers on training rows from which on there is little left to learn from them."""


def gap_sentence(found: Mapping[str, Any] | None) -> str:
    """What the gap is and what follows from it; empty where it is not known."""
    if not found or not all(math.isfinite(found["difference"][end]) for end in ("value", "low", "high")):
        return ""
    training, validation, difference = found["training"], found["validation"], found["difference"]
    sign = 1 if found["greater_is_better"] else -1
    low, high = sorted(sign * difference[end] for end in ("low", "high"))
    said = (
        f"{name(found['metric'])} is {number(training['value'])} on {training['rows']:,} training examples and "
        f"{number(validation['value'])} on {validation['rows']:,} validation examples: a gap of "
        f"{sign * difference['value']:+.3f} (95 % CI {low:+.3f} to {high:+.3f})."
    )
    return f"{said} {_follows(found, low, high)}"


def _follows(found: Mapping[str, Any], low: float, high: float) -> str:
    margin = SMALL * max(abs(found["validation"]["value"]), 1e-9)
    if low > margin:
        return (
            "The model does better on what it has seen: it overfits. More examples help most; else try a remedy of "
            "docs/techniques, and keep it where validation improves."
        )
    if low > 0:
        return "The model does a little better on what it has seen, which is usual."
    if high < margin or (found["greater_is_better"] and found["training"]["value"] < LEARNED):
        left = found["greater_is_better"] and found["training"]["value"] < LEARNED
        more = (
            " Training examples are not all learned yet: a longer run or a higher rate may still help." if left else ""
        )
        return f"No overfitting is shown.{more}"
    return "Too few examples to tell whether the model overfits."
