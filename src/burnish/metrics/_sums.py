"""Scores of a whole corpus: a sum over rows divided by another, once."""

from __future__ import annotations

from typing import ClassVar

from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values
from burnish.metrics import CountedMetric


class SumRatio(CountedMetric):
    """The sum of one column over all rows, divided by the sum of another: never a mean of what rows have each."""

    columns: ClassVar[tuple[str, ...]]
    """The column above, and the one below."""

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Both sums under each resample; nan where the lower one is 0."""
        above, below = (counts @ known.numbers(name) for name in self.columns)
        return self.finished(above / below)

    def finished(self, ratio: Values) -> Values:
        """What is reported of the ratio, such as its exponential; the ratio itself."""
        return ratio
