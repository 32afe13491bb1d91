"""F1 over classes or labels."""

from __future__ import annotations

from typing import ClassVar

from burnish.counting.classes import Which
from burnish.metrics._averaged import AveragedMetric


class F1(AveragedMetric):
    """Harmonic mean of precision and recall, averaged over classes (`average`, default macro: every class counts the same).

    A class counts where it occurs among labels or predictions; one with labels and no predictions has 0.
    """

    which: ClassVar[Which] = "f1"
