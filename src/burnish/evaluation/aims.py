"""What decisions are tuned for: a score or a cost of many possible decisions at once, from counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Aim = Literal["f1", "balanced_accuracy", "accuracy", "matthews", "cost"]


@dataclass(frozen=True)
class Tally:
    """K possible decisions over the same rows.

    Attributes:
        hits: [K, C] rows of each class that are answered rightly.
        answers: [K, C] rows that are given each class.
        truths: [C] rows of each class.
        cost: [K] what all answers cost together.
    """

    hits: Values
    answers: Values
    truths: Values
    cost: Values


def scored(aim: Aim, tally: Tally) -> Values:
    """[K] the score of each decision; more is better. The same numbers as the metrics of these names give."""
    return _SCORES[aim](tally)


def _f1(tally: Tally) -> Values:
    occurs = tally.answers + tally.truths
    each = np.where(occurs > 0, 2 * tally.hits / np.where(occurs > 0, occurs, 1.0), 0.0)
    return cast(Values, each.sum(axis=1) / (occurs > 0).sum(axis=1))


def _balanced_accuracy(tally: Tally) -> Values:
    there = tally.truths > 0
    return cast(Values, (tally.hits[:, there] / tally.truths[there]).mean(axis=1))


def _accuracy(tally: Tally) -> Values:
    return cast(Values, tally.hits.sum(axis=1) / tally.truths.sum())


def _matthews(tally: Tally) -> Values:
    rows = tally.truths.sum()
    together = tally.hits.sum(axis=1) * rows - (tally.truths * tally.answers).sum(axis=1)
    truths, answers = rows**2 - (tally.truths**2).sum(), rows**2 - (tally.answers**2).sum(axis=1)
    varied = truths * answers > 0
    return cast(Values, np.where(varied, together / np.sqrt(np.where(varied, truths * answers, 1.0)), 0.0))


def _cost(tally: Tally) -> Values:
    return -tally.cost


_SCORES: dict[Aim, Callable[[Tally], Values]] = {
    "f1": _f1,
    "balanced_accuracy": _balanced_accuracy,
    "accuracy": _accuracy,
    "matthews": _matthews,
    "cost": _cost,
}
