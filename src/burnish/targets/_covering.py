"""Sets and intervals that hold the truth as often as was asked for: split conformal prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from burnish.core.batch import Array
from burnish.targets._answers import Decoded
from burnish.targets._deciding import ByName
from burnish.targets._target import Target

Method = Literal["lac", "aps"]
PREDICTION_SET = "prediction_set"
INTERVAL = ("lower", "upper")


class PredictionSets(BaseModel):
    """Which labels a prediction set holds: those whose nonconformity score is not above a limit.

    `lac` (least ambiguous sets, Sadinle, Lei and Wasserman 2019, arXiv 1609.00451): one minus the probability of the label.
    `aps` (adaptive sets, Romano, Sesia and Candès 2020, arXiv 2006.02544, without randomisation, u = 0): the probability of
    all labels that are more probable. The most probable label has 0 and is always in the set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    coverage: float = Field(gt=0, lt=1, description="Share of rows whose set should hold the true label.")
    method: Method = Field("lac", description="Nonconformity score: lac or aps.")
    limit: float | None = Field(
        None, ge=0, description="Largest score of a label in the set; null: one for each label."
    )
    limits: ByName = Field(default_factory=dict, description="The same for each label, of class-conditional sets.")

    def held(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.bool_]:
        """[..., C] whether each label is in the set; a label without a limit never is.

        Args:
            probabilities: [..., C], of the labels in `names`.
        """
        limits = [self.limits.get(name, -1.0 if self.limit is None else self.limit) for name in names]
        return np.asarray(label_scores(probabilities, self.method) <= np.array(limits))


class PredictionInterval(BaseModel):
    """An interval around a predicted number: as wide everywhere (Lei et al. 2018, arXiv 1604.04173)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    coverage: float = Field(gt=0, lt=1, description="Share of rows whose interval should hold the true value.")
    half_width: float = Field(ge=0, description="Added to and subtracted from the prediction, in units of the data.")


class Covering(ABC):
    """Its answers can come with a set or an interval that holds the truth with the probability that was asked for."""

    nonconformity_scores: ClassVar[tuple[Method, ...]] = ()
    """Those to choose from; none: there is but one."""

    @property
    @abstractmethod
    def region_columns(self) -> tuple[str, ...]:
        """What the region of an answer is called in tables and in JSON; none where nothing was learned."""

    @abstractmethod
    def region(self, decoded: Decoded) -> dict[str, Any]:
        """The region of an answer, by `region_columns`."""

    @abstractmethod
    def nonconformity(
        self, method: Method, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> NDArray[np.float64]:
        """[N] how badly each truth goes with what was answered; infinite for a truth that no region can hold.

        Args:
            method: one of `nonconformity_scores`.
            truths, answers: N, as in the table of predictions, none missing.
            probabilities: [N, C], or [N, 0].
        """

    @abstractmethod
    def covering(self, coverage: float, method: Method, limit: float | None, limits: Mapping[str, float]) -> Target:
        """The target whose regions hold all that is not above the limit, or above the limit of its class."""

    @abstractmethod
    def reached(
        self, truths: Sequence[Any], answers: Sequence[Any], probabilities: Array
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """[N] whether each region holds the truth, and [N] how large it is: labels of a set, width of an interval."""


def label_scores(probabilities: Array, method: Method) -> NDArray[np.float64]:
    """[..., C] the nonconformity score of each label.

    Args:
        probabilities: [..., C].
        method: `lac` or `aps`, as of `PredictionSets`.
    """
    shares = np.asarray(probabilities, np.float64)
    if method == "lac":
        return np.asarray(1.0 - shares)
    order = np.argsort(-shares, axis=-1, kind="stable")
    falling = np.take_along_axis(shares, order, axis=-1)
    before = np.cumsum(falling, axis=-1) - falling
    same = np.concatenate([np.zeros_like(falling[..., :1], bool), falling[..., 1:] == falling[..., :-1]], axis=-1)
    before = np.maximum.accumulate(np.where(same, 0.0, before), axis=-1)  # labels of one probability have one score
    scores = np.empty_like(shares)
    np.put_along_axis(scores, order, before, axis=-1)
    return scores


def covers(target: Target) -> tuple[str, ...]:
    """What the region of an answer is called; none where answers come without one."""
    return target.region_columns if isinstance(target, Covering) else ()


def region_of(target: Target, decoded: Decoded) -> dict[str, Any]:
    """The region of an answer, by name; empty where there is none."""
    return target.region(decoded) if isinstance(target, Covering) and target.region_columns else {}
