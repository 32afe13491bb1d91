"""From the probabilities of a network to calibrated ones: vector scaling and isotonic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from burnish.core.batch import Array
from burnish.core.names import TINY, named, softmax
from burnish.targets._deciding import ByName
from burnish.targets._programs import ISOTONIC, VECTOR

STRICT = 1e-4
"""Share of the network's own probability in an isotonic one: flat steps would make labels and rows equal that are not."""


class Scaling(BaseModel):
    """A factor and a summand for each label."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    factors: ByName = Field(description="What the log probability of each label, or its log-odds, is multiplied by.")
    summands: ByName = Field(description="What is then added to it.")


class VectorScaling(Scaling):
    """A factor and a summand for each log probability, then softmax (Guo et al. 2017, arXiv 1706.04599).

    Of log probabilities and not of logits, so that it does not depend on what is added to all logits of a row: Dirichlet
    calibration with a diagonal matrix (Kull et al. 2019, arXiv 1910.12656).
    """

    kind: Literal["vector"] = "vector"

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names; the sum of a row is 1."""
        factors = np.array([self.factors[name] for name in names])
        summands = np.array([self.summands[name] for name in names])
        return softmax(np.log(np.maximum(probabilities, TINY)) * factors + summands)

    @property
    def program(self) -> str:
        """The same without burnish, of one row."""
        return VECTOR.replace("TINY", repr(TINY))


class Steps(BaseModel):
    """A curve that never falls: straight lines between its points, level beyond them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    probabilities: list[float] = Field(min_length=1, description="Of the network, rising.")
    calibrated: list[float] = Field(min_length=1, description="What they become, never falling.")

    @model_validator(mode="after")
    def _rising(self) -> Steps:
        x, y = np.array(self.probabilities), np.array(self.calibrated)
        if len(x) != len(y) or (np.diff(x) < 0).any() or (np.diff(y) < 0).any() or y[0] <= 0:
            raise ValueError(
                "a curve has as many calibrated probabilities, above 0, as probabilities, and both never fall"
            )
        return self

    def __call__(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """[...] what probabilities become: on the curve, but for `STRICT` of the network's own."""
        steps = np.interp(shares, self.probabilities, self.calibrated)
        return np.asarray((1 - STRICT) * steps + STRICT * shares)


class Curves(BaseModel):
    """A curve for each label."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    lines: ClassVar[str]
    curves: Annotated[dict[str, Steps], BeforeValidator(named)] = Field(description="The curve of each label.")

    @property
    def program(self) -> str:
        """The same without burnish, of one row."""
        return self.lines.replace("STRICT", repr(STRICT))


class Isotonic(Curves):
    """A curve for each label against the others, then divided by their sum (Zadrozny and Elkan 2002, doi 10.1145/775047.775151)."""

    lines: ClassVar[str] = ISOTONIC
    kind: Literal["isotonic"] = "isotonic"

    def __call__(self, probabilities: Array, names: Sequence[str]) -> NDArray[np.float64]:
        """[..., C] calibrated, in the order of the names; the sum of a row is 1."""
        shares = np.asarray(probabilities, np.float64)
        mixed = np.stack([self.curves[name](shares[..., n]) for n, name in enumerate(names)], axis=-1)
        return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True))


Calibrator = Annotated[VectorScaling | Isotonic, Field(discriminator="kind")]
