"""Precision over classes or labels."""

from __future__ import annotations

from typing import ClassVar

from burnish.counting.classes import Which
from burnish.metrics._averaged import AveragedMetric


class Precision(AveragedMetric):
    """Share of correct predictions among those of a class, averaged over classes (`average`, default macro).

    A class counts where it occurs among labels or predictions; one with labels and no predictions has 0.
    """

    which: ClassVar[Which] = "precision"
