"""Answers that are sure enough to be given: how sure they must be, and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.evaluation.reliability import wilson
from burnish.metrics._calibration import confidence

RISK = 0.05
"""Probability that the promise does not hold although the rows are like those it was learned from."""


@dataclass(frozen=True)
class Promise:
    """A confidence from which on answers are right often enough.

    Attributes:
        abstain_below: least confidence of an answer that is given; None where none is enough.
        coverage: share of the rows that are answered.
        accuracy: share of right answers among them; nan where none is answered.
        rows: how many rows it was learned from.
    """

    abstain_below: float | None
    coverage: float
    accuracy: float
    rows: int


def promised(predictions: Predictions, accuracy: float) -> Promise:
    """The least confidence at which answers are right at least as often as asked, but for a risk of 5 %.

    Selection with guaranteed risk (Geifman & El-Yaniv 2017, arXiv 1705.08500): a binary search over the confidences, at
    each step an exact binomial bound (Clopper & Pearson 1934) on the share of wrong answers, the risk shared by the steps.

    Args:
        predictions: of a target with exactly one answer a row, of rows that neither trained the network nor test it.
        accuracy: share of given answers that must be right.
    """
    from scipy.stats import beta

    known = predictions.known
    sure, right = confidence(known)
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], np.cumsum(1 - right[order])
    ends = np.flatnonzero(np.append(sure[1:] < sure[:-1], True))  # rows of one confidence are answered together
    low, high, found = 0, len(ends) - 1, None
    share = RISK / max(1, math.ceil(math.log2(max(2, len(ends) + 1))))
    while low <= high:
        middle = (low + high) // 2
        given, missed = int(ends[middle]) + 1, float(wrong[ends[middle]])
        bound = 1.0 if missed >= given else float(beta.ppf(1 - share, missed + 1, given - missed))
        if bound <= 1 - accuracy:
            found, low = int(ends[middle]), middle + 1
        else:
            high = middle - 1
    if found is None:
        return Promise(None, 0.0, math.nan, len(known))
    given = found + 1
    below = float(sure[found] + sure[given]) / 2 if given < len(sure) else float(sure[found]) / 2
    return Promise(below, given / len(known), 1 - float(wrong[found]) / given, len(known))


def kept(predictions: Predictions, abstain_below: float) -> dict[str, Any]:
    """What a promise comes to on other rows: rows answered, their share, the share of right answers with its interval."""
    sure, right = confidence(predictions.known)
    given = (sure >= abstain_below) & (abstain_below < 1)
    rows = int(given.sum())
    accuracy = float(right[given].mean()) if rows else math.nan
    low, high = wilson(accuracy, rows) if rows else (math.nan, math.nan)
    found = {"coverage": rows / max(1, len(given)), "accuracy": accuracy, "low": low, "high": high}
    return {"rows": len(given), "answered": rows, **{k: v if math.isfinite(v) else None for k, v in found.items()}}
