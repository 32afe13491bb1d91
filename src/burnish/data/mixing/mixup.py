"""Mixup."""

from __future__ import annotations

from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.mixing._pairs import ALPHA, Pairs, blended


class Mixup(Pairs):
    """Each example is a weighted mean of two, and so is its label (Zhang et al., 2018, arXiv:1710.09412).

    Needs long trainings; on few epochs or finely graded classes a strong `alpha` hurts.
    """

    alpha: float = Field(0.2, gt=0, description=ALPHA)

    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """The mean, and the first row's weight in it."""
        return blended(first, other, self.alpha, generator(seed, "mixup"))
