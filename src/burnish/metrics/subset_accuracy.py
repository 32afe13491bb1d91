"""Share of rows whose whole label set is right."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.classes import label_sets
from burnish.counting.resampling import Values
from burnish.metrics import ShareOfRows


class SubsetAccuracy(ShareOfRows):
    """Share of examples whose whole label set is right; one label too many or too few makes one wrong."""

    targets: ClassVar[tuple[str, ...]] = ("labels",)

    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """Every row is judged."""
        sets = label_sets(known)
        return (sets.truth == sets.answer).all(axis=1).astype(np.float64), np.ones(len(known))
