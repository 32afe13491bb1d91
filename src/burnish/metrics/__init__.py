"""Metrics: functions of the predictions table alone. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from burnish.core.component import Component
from burnish.core.predictions import Predictions
from burnish.counting.resampling import Counts, Values, remembered, with_truth


class Metric(Component):
    """One number (or a few) that says how good the answers are. Never sees a model."""

    axis: ClassVar[str] = "burnish.metrics"
    targets: ClassVar[tuple[str, ...]]
    """Kinds of target it is defined for."""
    columns: ClassVar[tuple[str, ...]] = ()
    """Numbers of each row that it needs: it is defined for targets that declare them (`Target.columns`)."""
    greater_is_better: ClassVar[bool | None] = True
    """None: it describes answers, and neither more nor less of it is better."""
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)
    """Settings of each number that a report gives of it where a recipe names none, such as one for each average."""

    @property
    def label(self) -> str:
        """The name of this number in reports and in scores.json; settings that change its meaning are part of it."""
        return self.kind()

    def problem_with(self, classes: Sequence[str]) -> str:
        """What is wrong about the classes that its settings name, of a target with these ones; empty where nothing is."""
        return ""

    def applies(self, known: Predictions) -> bool:
        """Whether labels (N rows, all with one) have what it looks at; where none has, reports leave it out and say so."""
        return True

    def share_of(self, known: Predictions) -> NDArray[np.bool_] | None:
        """[N] the rows of which it is the share that is right; None where it is no share of rows."""
        return None

    @abstractmethod
    def value(self, predictions: Predictions) -> float:
        """The metric over rows whose truth is known; nan where it is not defined (say, AUC with one class)."""

    def resampled(self, predictions: Predictions, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The metric under R resamples: `counts` [R, N] says how often each row was drawn.

        The general way takes the rows one resample at a time; metrics that can be computed from sums override it.
        """
        rows = np.arange(len(predictions))
        return np.array([self.value(predictions.take(np.repeat(rows, c))) for c in counts])


class CountedMetric(Metric):
    """A metric that can be computed for many resamples at once from how often each row was drawn."""

    @abstractmethod
    def counted(self, known: Predictions, counts: Counts) -> Values:
        """The metric under each of R resamples.

        Args:
            known: N >= 1 rows, all with truth.
            counts: [R, N], how often each row was drawn; every resample draws at least one row.

        Returns:
            [R]; nan where the metric is not defined.
        """

    def value(self, predictions: Predictions) -> float:
        """Every row with truth counted once."""
        known = with_truth(predictions)
        if not len(known):
            return float("nan")
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.counted(known, np.ones((1, len(known)), np.int64))[0])

    def resampled(self, predictions: Predictions, counts: Counts) -> Values:
        """The same formula under R resamples; `counts` [R, N] says how often each row was drawn."""
        known = with_truth(predictions)
        if len(known) < len(predictions):
            counts = counts[:, pc.is_valid(predictions.table["truth"]).to_numpy(zero_copy_only=False)]
        values = np.full(len(counts), np.nan)
        some = counts.any(axis=1)
        if some.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                values[some] = self.counted(known, counts if some.all() else counts[some])
        return values


class RowMean(CountedMetric):
    """The mean of a number per row, over the rows that have it."""

    @abstractmethod
    def rows(self, known: Predictions) -> tuple[Values, Values]:
        """[N] the number of each row, and [N] 1 for a row that has it, 0 for one that is left out (its number is 0)."""

    def once(self, known: Predictions) -> tuple[Values, Values]:
        """`rows`, computed once for a table."""
        return remembered(known, self.model_dump_json(), self.rows)

    def applies(self, known: Predictions) -> bool:
        """Whether any row has it."""
        return bool(self.once(known)[1].any())

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """The sum over drawn rows, by how many of them have it; nan where none has."""
        values, there = self.once(known)
        return (counts @ values) / (counts @ there)


class ShareOfRows(RowMean):
    """The share of rows that are right (1 each; 0 for those that are wrong), of those that are judged."""

    def share_of(self, known: Predictions) -> NDArray[np.bool_]:
        """The rows that are judged."""
        return self.once(known)[1] > 0


class SumRatio(CountedMetric):
    """The sum of one column over all rows, divided by the sum of another: never a mean of what rows have each.

    Of a whole corpus: edits by words, nats by bytes.
    """

    columns: ClassVar[tuple[str, ...]]
    """The column above, and the one below."""

    def counted(self, known: Predictions, counts: Counts) -> Values:
        """Both sums under each resample; nan where the lower one is 0."""
        above, below = (counts @ known.numbers(name) for name in self.columns)
        return self.finished(above / below)

    def finished(self, ratio: Values) -> Values:
        """What is reported of the ratio, such as its exponential; the ratio itself."""
        return ratio
