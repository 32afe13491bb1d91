"""How sure each answer was, whether it was right, and how likely the truth was held to be."""

from __future__ import annotations

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import cells
from burnish.counting.resampling import Values, remembered


def confidence(known: Predictions) -> tuple[Values, Values]:
    """For a `label` table: [N] probability given to the answer (nan where there are none), [N] 1 where it is right."""
    return remembered(known, "confidence", _confidence)


def _confidence(known: Predictions) -> tuple[Values, Values]:
    codes, probabilities = cells(known), known.probabilities
    right = (codes.truth == codes.answer).astype(np.float64)
    classes = probabilities.shape[1]
    if not classes:
        return np.full(len(known), np.nan), right
    named = probabilities[np.arange(len(known)), np.minimum(codes.answer, classes - 1)]
    return np.where(codes.answer < classes, named, probabilities.max(axis=1)), right


def given_to_truth(known: Predictions) -> Values:
    """For a `label` table: [N] probability given to the truth, 0 where it is none of the names; nan where there are none."""
    probabilities, truth = known.probabilities, cells(known).truth
    classes = probabilities.shape[1]
    if not classes:
        return np.full(len(known), np.nan)
    given = probabilities[np.arange(len(known)), np.minimum(truth, classes - 1)]
    return np.where(truth < classes, given, 0.0)
