"""From which probability on a label is given: chosen for each label on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from burnish.core.batch import Array
from burnish.core.predictions import Predictions

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


def f1_thresholds(predictions: Predictions) -> Thresholds:
    """The threshold of each label at which its F1 is greatest (Lipton et al. 2014, arXiv 1402.1892).

    Between two neighbouring probabilities the middle is taken; of several equally good thresholds the one nearest to a
    half.

    Args:
        predictions: of rows with sets of labels as truth, which neither trained the network nor will test it.
    """
    known = predictions.known
    sets = [set(row) for row in known.truth]
    chosen, left = {}, []
    for number, name in enumerate(known.names):
        true = np.array([name in row for row in sets], bool)
        if min(true.sum(), (~true).sum()) < FEWEST:
            left.append(name)
        else:
            chosen[name] = _best(true, known.probabilities[:, number])
    return Thresholds(chosen, left)


def _best(true: Array, probabilities: Array) -> float:
    """Of all cuts between neighbouring probabilities, the one with the greatest F1."""
    order = np.argsort(-probabilities, kind="stable")
    sure, right = probabilities[order], np.cumsum(true[order])
    last = np.append(sure[1:] < sure[:-1], True)  # rows of one probability are given the label together
    f1 = (2 * right / (np.arange(1, len(sure) + 1) + true.sum()))[last]
    cuts = ((sure + np.append(sure[1:], 0.0)) / 2)[last]
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    cut = float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]])
    return min(max(cut, 1e-6), 1 - 1e-6)
