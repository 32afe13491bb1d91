"""Share of right predictions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.classes import cells
from burnish.counting.resampling import Counts, Values, remembered
from burnish.metrics import CountedMetric
from burnish.targets import is_exclusive, target_of


class Accuracy(CountedMetric):
    """Share of correct predictions: of examples for labels, of words for tags.

    Misleading where classes are imbalanced; compare with the majority baseline.
    """

    targets: ClassVar[tuple[str, ...]] = ("label", "tags")

    def share_of(self, known: Predictions) -> NDArray[np.bool_]:
        """Every row."""
        return np.ones(len(known), np.bool_)

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Right answers over answers wanted."""
        right, wanted = remembered(known, "right_and_wanted", _right_and_wanted)
        return (counts @ right) / (counts @ wanted)


def _right_and_wanted(known: Predictions) -> tuple[Values, Values]:
    """[N] right predictions and [N] labels of each row; words without label are left out, words without prediction are wrong."""
    if is_exclusive(target_of(known)):
        codes = cells(known)
        return (codes.truth == codes.answer).astype(np.float64), np.ones(len(known))
    right, wanted = np.zeros((2, len(known)))
    for i, (truth, answer) in enumerate(zip(known.truth, known.answer, strict=True)):
        wanted[i] = sum(tag is not None for tag in truth)
        right[i] = sum(t is not None and t == a for t, a in zip(truth, answer or (), strict=False))
    return right, wanted
