"""Which classes are taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.classes import cells
from burnish.counting.resampling import remembered, with_truth


@dataclass(frozen=True)
class Confusion:
    """Rows by truth and answer.

    Attributes:
        names: K classes: the label names, then true labels that are not among them.
        counts: int64 [K, K], truth down, answer across.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    def frequent(self, most: int = 10) -> list[tuple[str, str, int, int]]:
        """The most frequent confusions: truth, answer, rows, and rows of that truth; most rows first."""
        wrong = self.counts * (1 - np.eye(len(self.names), dtype=np.int64))
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [divmod(int(i), len(self.names)) for i in order]
        support = self.counts.sum(axis=1)
        return [(self.names[t], self.names[a], int(wrong[t, a]), int(support[t])) for t, a in pairs if wrong[t, a] > 0]


def confusion(predictions: Predictions) -> Confusion:
    """The confusion matrix of a `label` table, over rows with truth; computed once for a table."""
    return remembered(with_truth(predictions), "confusion", _counted)


def _counted(known: Predictions) -> Confusion:
    codes = cells(known) if len(known) else None
    names = codes.names if codes else known.names
    counts = np.zeros((len(names), len(names)), np.int64)
    if codes:
        np.add.at(counts, (codes.truth, codes.answer), 1)
    return Confusion(names, counts)
