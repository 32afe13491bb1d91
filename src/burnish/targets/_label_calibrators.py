"""From the probabilities of several labels a row, each a decision of its own, to calibrated ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.names import TINY, sigmoid
from burnish.targets._calibrators import Curves, Scaling
from burnish.targets._programs import EACH_ISOTONIC, EACH_SIGMOID


def log_odds(probabilities: Array) -> NDArray[np.float64]:
    """[...] log(p / (1 - p)) of probabilities, finite at 0 and 1."""
    shares = np.asarray(probabilities, np.float64)
    return np.asarray(np.log(np.maximum(shares, TINY)) - np.log(np.maximum(1 - shares, TINY)))


class SigmoidScaling(Scaling):
    """A slope and an offset for the log-odds of each label (Platt 1999); a label without them stays as it is."""

    kind: Literal["sigmoid"] = "sigmoid"

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names."""
        factors = np.array([self.factors.get(name, 1.0) for name in names])
        summands = np.array([self.summands.get(name, 0.0) for name in names])
        return np.asarray(sigmoid(log_odds(probabilities) * factors + summands))

    @property
    def program(self) -> str:
        """The same without burnish, of one row."""
        return EACH_SIGMOID.replace("TINY", repr(TINY))


class EachIsotonic(Curves):
    """A curve for each label (Zadrozny and Elkan 2002, doi 10.1145/775047.775151); one without stays as it is."""

    lines: ClassVar[str] = EACH_ISOTONIC
    kind: Literal["each_isotonic"] = "each_isotonic"

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names; they need not sum to 1."""
        shares = np.array(probabilities, np.float64)
        for n, name in enumerate(names):
            if (curve := self.curves.get(name)) is not None:
                shares[..., n] = curve(shares[..., n])
        return shares


LabelsCalibrator = Annotated[SigmoidScaling | EachIsotonic, Field(discriminator="kind")]
