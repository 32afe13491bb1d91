"""The smallest difference between two models that a test set can be expected to show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

POWER = 0.8
LEVEL = 0.95


@dataclass(frozen=True)
class Detectable:
    """What a test set can show of one metric.

    Attributes:
        size: smallest true difference that is shown in `POWER` of test sets like this one.
        paired: whether it was read from the paired difference to a model on these rows; False: from the model's own
            interval, as if the two models erred independently, which is the worse case.
        against: key of the baseline whose difference it was read from; empty where not paired.
    """

    size: float
    paired: bool
    against: str = ""


def detectable(scores: Mapping[str, Any], baselines: Mapping[str, Any], metric: str) -> Detectable | None:
    """Read from intervals that are there: their width is 2 z of the standard error, and `z + z_power` of it is shown.

    A normal approximation (two-sided level 5 %, power 80 %: 2.8 standard errors). Models that err on the same rows
    are told apart more easily, so the narrowest paired difference is taken, that of the baseline most like the model.

    Args:
        scores, baselines: as in scores.json.
        metric: its label.
    """
    widths = {
        key: (paired["high"] - paired["low"])
        for key, baseline in baselines.items()
        if key != "majority"
        for paired in [baseline["differences"].get(metric) or {}]
        if paired.get("low") is not None and paired.get("high") is not None and paired["high"] > paired["low"]
    }
    if widths:
        key = min(widths, key=lambda name: widths[name])
        return Detectable(of_error(_error(widths[key])), True, key)
    own = scores["metrics"].get(metric) or {}
    if own.get("low") is None or own.get("high") is None or own["high"] <= own["low"]:
        return None
    return Detectable(of_error(math.sqrt(2) * _error(own["high"] - own["low"])), False)


def of_error(error: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """The true difference that is shown with this power, of a difference with this standard error."""
    from scipy.stats import norm

    return float((norm.ppf((1 + level) / 2) + norm.ppf(power)) * error)


def _error(width: float) -> float:
    from scipy.stats import norm

    return width / (2 * float(norm.ppf((1 + LEVEL) / 2)))
