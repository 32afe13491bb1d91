"""How sure each answer was, and whether it was right."""

from __future__ import annotations

import numpy as np

from burnish.core.predictions import Predictions
from burnish.metrics._classes import cells
from burnish.metrics._resampling import Values, remembered


def confidence(known: Predictions) -> tuple[Values, Values]:
    """For a `label` table: [N] probability given to the answer (nan where there are none), [N] 1 where it is right."""
    return remembered(known, "confidence", _confidence)


def _confidence(known: Predictions) -> tuple[Values, Values]:
    found, probabilities = cells(known), known.probabilities
    right = (found.truth == found.answer).astype(np.float64)
    classes = probabilities.shape[1]
    if not classes:
        return np.full(len(known), np.nan), right
    named = probabilities[np.arange(len(known)), np.minimum(found.answer, classes - 1)]
    return np.where(found.answer < classes, named, probabilities.max(axis=1)), right
