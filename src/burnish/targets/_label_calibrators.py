"""From the probabilities of several labels a row, each a decision of its own, to calibrated ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from burnish.core.batch import Array
from burnish.core.names import TINY, named, sigmoid
from burnish.targets._calibrators import STRICT, Steps
from burnish.targets._deciding import ByName
from burnish.targets._programs import EACH_ISOTONIC, EACH_SIGMOID


def log_odds(probabilities: Array) -> NDArray[np.float64]:
    """[...] log(p / (1 - p)) of probabilities, finite at 0 and 1."""
    shares = np.asarray(probabilities, np.float64)
    return np.asarray(np.log(np.maximum(shares, TINY)) - np.log(np.maximum(1 - shares, TINY)))


class SigmoidScaling(BaseModel):
    """A slope and an offset for the log-odds of each label (Platt 1999); a label without them stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: Literal["sigmoid"] = "sigmoid"
    factors: ByName = Field(description="What the log-odds of each label are multiplied by.")
    summands: ByName = Field(description="What is then added to them.")

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names."""
        factors = np.array([self.factors.get(name, 1.0) for name in names])
        summands = np.array([self.summands.get(name, 0.0) for name in names])
        return np.asarray(sigmoid(log_odds(probabilities) * factors + summands))

    @property
    def program(self) -> str:
        """The same without burnish, of one row."""
        return EACH_SIGMOID.replace("TINY", repr(TINY))


class EachIsotonic(BaseModel):
    """A curve for each label (Zadrozny and Elkan 2002, doi 10.1145/775047.775151); one without stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: Literal["each_isotonic"] = "each_isotonic"
    curves: Annotated[dict[str, Steps], BeforeValidator(named)] = Field(description="The curve of each label.")

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names; they need not sum to 1."""
        shares = np.array(probabilities, np.float64)
        for n, name in enumerate(names):
            if (curve := self.curves.get(name)) is not None:
                steps = np.interp(shares[..., n], curve.probabilities, curve.calibrated)
                shares[..., n] = (1 - STRICT) * steps + STRICT * shares[..., n]
        return shares

    @property
    def program(self) -> str:
        """The same without burnish, of one row."""
        return EACH_ISOTONIC.replace("STRICT", repr(STRICT))


LabelsCalibrator = Annotated[SigmoidScaling | EachIsotonic, Field(discriminator="kind")]
