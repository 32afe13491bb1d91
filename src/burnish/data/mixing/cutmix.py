"""CutMix."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.mixing._pairs import ALPHA, Pairs, pasted


class Cutmix(Pairs):
    """A rectangle of another picture is pasted in, and labels count by area (CutMix: Yun et al., 2019, arXiv:1905.04899).

    For pictures whose class shows in more than one spot; where one small part decides, the paste may hide it.
    """

    read_as: ClassVar[tuple[str, ...]] = ("picture",)
    alpha: float = Field(1.0, gt=0, description=ALPHA)

    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """The pasted picture, and what is left of the first one's area."""
        return pasted(first, other, self.alpha, generator(seed, "cutmix"))
