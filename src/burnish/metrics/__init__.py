"""Metrics: functions of the predictions table alone. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.component import Component
from burnish.core.predictions import Predictions


class Metric(Component):
    """One number (or a few) that says how good the answers are. Never sees a model."""

    axis: ClassVar[str] = "burnish.metrics"
    targets: ClassVar[tuple[str, ...]]
    """Kinds of target it is defined for."""
    columns: ClassVar[tuple[str, ...]] = ()
    """Numbers of each row that it needs: it is defined for targets that declare them (`Target.columns`)."""
    greater_is_better: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """The name of this number in reports and in scores.json; settings that change its meaning are part of it."""
        return self.kind()

    def problem_with(self, classes: Sequence[str]) -> str:
        """What is wrong about the classes that its settings name, of a target with these ones; empty where nothing is."""
        return ""

    @abstractmethod
    def value(self, predictions: Predictions) -> float:
        """The metric over rows whose truth is known; nan where it is not defined (say, AUC with one class)."""

    def resampled(self, predictions: Predictions, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The metric under R resamples: `counts` [R, N] says how often each row was drawn.

        The general way takes the rows one resample at a time; metrics that can be computed from sums override it.
        """
        rows = np.arange(len(predictions))
        return np.array([self.value(predictions.take(np.repeat(rows, c))) for c in counts])
