"""Answers that are sure enough to be given: how sure they must be, and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.answer import sure_enough
from burnish.core.predictions import Predictions
from burnish.counting.calibration import confidence
from burnish.evaluation.reliability import wilson

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

    Learn then Test with a fixed sequence (Angelopoulos et al. 2021, arXiv 2110.01052): from few and sure answers to more and
    less sure ones, a percent of the rows at a time, each share is tested by an exact binomial bound (Clopper & Pearson
    1934) on its wrong answers, until the first that fails. Because the order is given beforehand and nothing is tested
    after a failure, no test has to share its risk with the others. The first share has twice as many rows as would prove
    the promise without a single mistake, so that one mistake does not end it all.

    Args:
        predictions: of a target with exactly one answer a row, of rows that neither trained the network nor test it.
        accuracy: share of given answers that must be right.
    """
    from scipy.stats import beta

    known = predictions.known
    sure, right = confidence(known)
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], np.cumsum(1 - right[order])
    rows, given = len(sure), 0
    first = math.ceil(2 * math.log(RISK) / math.log(accuracy))
    for tried in range(first, rows + 1, max(1, rows // 100)):
        end = int(
            np.searchsorted(-sure, -sure[tried - 1], side="right")
        )  # rows of one confidence are answered together
        missed = float(wrong[end - 1])
        bound = 1.0 if missed >= end else float(beta.ppf(1 - RISK, missed + 1, end - missed))
        if bound > 1 - accuracy:
            break
        given = end
    if not given:
        return Promise(None, 0.0, math.nan, rows)
    below = float(sure[given - 1] + sure[given]) / 2 if given < rows else float(sure[given - 1]) / 2
    return Promise(below, given / rows, 1 - float(wrong[given - 1]) / given, rows)


def kept(predictions: Predictions, abstain_below: float) -> dict[str, Any]:
    """What a promise comes to on other rows: rows answered, their share, the share of right answers with its interval."""
    sure, right = confidence(predictions.known)
    given = sure_enough(sure, abstain_below)
    rows = int(given.sum())
    accuracy = float(right[given].mean()) if rows else math.nan
    low, high = wilson(accuracy, rows) if rows else (math.nan, math.nan)
    figures = {"coverage": rows / max(1, len(given)), "accuracy": accuracy, "low": low, "high": high}
    return {"rows": len(given), "answered": rows, **{k: v if math.isfinite(v) else None for k, v in figures.items()}}
