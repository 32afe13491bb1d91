"""From which probability on a label is given: chosen for each label on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from burnish.core.batch import Array
from burnish.core.predictions import Predictions
from burnish.evaluation.aims import Aim, Tally, scored

FEWEST = 5
"""Rows with a label, and without it, below which its threshold is left alone: the best one would be chance."""


@dataclass(frozen=True)
class Thresholds:
    """What was found.

    Attributes:
        chosen: name to threshold.
        left: names with too few rows to choose one.
    """

    chosen: dict[str, float]
    left: list[str]


def thresholds_for(
    predictions: Predictions, aim: Aim, costs: Mapping[str, Mapping[str, float]] | None = None
) -> Thresholds:
    """The threshold of each label at which an aim is reached best: F1 as in Lipton et al. 2014 (arXiv 1402.1892).

    Between two neighbouring probabilities the middle is taken; of several equally good thresholds the one nearest to a
    half.

    Args:
        predictions: of rows with sets of labels as truth, which neither trained the network nor will test it.
        aim: F1 of the label itself; of the others, the score of having it or not.
        costs: by label, of `missed` and of `false_alarm`, each 1 where it is not named, for `cost`.
    """
    known = predictions.known
    sets = [set(row) for row in known.truth]
    chosen, left = {}, []
    for number, name in enumerate(known.names):
        true = np.array([name in row for row in sets], bool)
        if min(true.sum(), (~true).sum()) < FEWEST:
            left.append(name)
        else:
            chosen[name] = _best(true, known.probabilities[:, number], aim, (costs or {}).get(name, {}))
    return Thresholds(chosen, left)


def _best(true: Array, probabilities: Array, aim: Aim, costs: Mapping[str, float]) -> float:
    """Of all cuts between neighbouring probabilities, the one with the greatest score."""
    order = np.argsort(-probabilities, kind="stable")
    sure, right = probabilities[order], np.cumsum(true[order])
    last = np.append(sure[1:] < sure[:-1], True)  # rows of one probability are given the label together
    given, last = np.arange(len(sure) + 1), np.append(True, last)
    scores = _scores(aim, np.append(0, right), given, int(true.sum()), costs)[last]
    cuts = ((np.append(1.0, sure) + np.append(sure, 0.0)) / 2)[last]
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    cut = float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]])
    return min(max(cut, 1e-6), 1 - 1e-6)


def _scores(aim: Aim, right: Array, given: Array, true: int, costs: Mapping[str, float]) -> Array:
    """The score of giving the label to the first 0, 1, 2 ... rows, of which so many have it."""
    if aim == "f1":
        return np.asarray(2 * right / (given + true))
    rows, missed, alarms = len(given) - 1, true - right, given - right
    tally = Tally(
        np.stack([rows - true - alarms, right], axis=1).astype(np.float64),
        np.stack([rows - given, given], axis=1).astype(np.float64),
        np.array([rows - true, true], np.float64),
        costs.get("missed", 1.0) * missed + costs.get("false_alarm", 1.0) * alarms,
    )
    return scored(aim, tally)
