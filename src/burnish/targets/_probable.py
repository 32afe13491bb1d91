"""Single labels whose probabilities can be calibrated and made into prediction sets."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.names import TINY
from burnish.targets._answers import Decoded, Outcome
from burnish.targets._calibrators import Calibrator
from burnish.targets._covering import PREDICTION_SET, Covering, Method, PredictionSets, label_scores
from burnish.targets._named import Labelled

UNCALIBRATED = "uncalibrated_log_loss"
"""Column of predictions: surprise at the truth before a calibrator changed the probabilities."""


class Probable(Labelled, Covering):
    """A target with exactly one label a row, and a probability of each."""

    nonconformity_scores: ClassVar[tuple[Method, ...]] = ("lac", "aps")
    calibrator: Calibrator | None = Field(
        None, description="What probabilities become after the temperature: vector or isotonic; see `calibration`."
    )
    prediction_sets: PredictionSets | None = Field(
        None, description="Which labels the prediction set of an example holds; null: it has none; see `conformal`."
    )

    @abstractmethod
    def votes(self, probabilities: Array) -> Array:
        """[..., C] what speaks for each label."""

    def calibrated(self, probabilities: Array) -> list[Decoded]:
        """Answers by calibrated probabilities, which remember how sure the network was of each label.

        Args:
            probabilities: float64 [B, C], of the network.
        """
        assert self.calibrator is not None
        shares = self.calibrator(probabilities, self.labels)
        best = self.votes(shares).argmax(axis=-1)
        return [
            Decoded(self.labels[b], p.astype(np.float32), uncalibrated=before)
            for b, p, before in zip(best, shares, probabilities, strict=True)
        ]

    def columns(self) -> tuple[str, ...]:
        """Of calibrated answers, what their log loss was without."""
        return super().columns() if self.calibrator is None else (UNCALIBRATED,)

    def measures(self, outcome: Outcome) -> Sequence[float]:
        """Not a number for a label that training did not have, and for answers of baselines."""
        if UNCALIBRATED not in self.columns():
            return super().measures(outcome)
        before, number = outcome.decoded.uncalibrated, self._numbers.get(outcome.truth)
        return (math.nan if before is None or number is None else -math.log(max(float(before[number]), TINY)),)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.labels)}

    @property
    def region_columns(self) -> tuple[str, ...]:
        """The set, where limits are known."""
        return () if self.prediction_sets is None else (PREDICTION_SET,)

    def region(self, decoded: Decoded) -> dict[str, Any]:
        """The labels in the set, the most probable first."""
        if self.prediction_sets is None:
            return {}
        shares = np.asarray(decoded.probabilities, np.float64)
        held = self.prediction_sets.held(shares, self.labels)
        return {PREDICTION_SET: [self.labels[n] for n in np.argsort(-shares, kind="stable") if held[n]]}

    def nonconformity(
        self, method: Method, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> NDArray[np.float64]:
        """The score of the true label; infinite for one that training did not have."""
        numbers = np.array([self._numbers.get(truth, -1) for truth in truths], np.int64)
        scores = label_scores(probabilities, method)[np.arange(len(numbers)), numbers]
        return np.where(numbers < 0, np.inf, scores)

    def covering(self, coverage: float, method: Method, limit: float | None, limits: Mapping[str, float]) -> Self:
        """With sets by one limit, or by one for each label."""
        sets = PredictionSets(coverage=coverage, method=method, limit=limit, limits=dict(limits))
        return self.model_copy(update={"prediction_sets": sets})

    def reached(
        self, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether the true label is in the set, and how many labels are."""
        assert self.prediction_sets is not None
        held = self.prediction_sets.held(probabilities, self.labels)
        numbers = np.array([self._numbers.get(truth, -1) for truth in truths], np.int64)
        covered = held[np.arange(len(numbers)), numbers] & (numbers >= 0)
        return np.asarray(covered), held.sum(axis=1).astype(np.float64)
