"""Mixup or CutMix."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.mixing._pairs import ALPHA, Pairs, blended, pasted


class MixupOrCutmix(Pairs):
    """Each example is mixed by mixup (arXiv:1710.09412) or by CutMix (arXiv:1905.04899), at random, as published recipes do."""

    read_as: ClassVar[tuple[str, ...]] = ("picture",)
    mixup_alpha: float = Field(0.2, gt=0, description="For mixup. " + ALPHA)
    cutmix_alpha: float = Field(1.0, gt=0, description="For CutMix. " + ALPHA)
    cutmix_probability: float = Field(0.5, ge=0, le=1, description="Share of the mixed examples that CutMix mixes.")

    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """The mixed picture, and the first one's share in it."""
        random = generator(seed, "mixup or cutmix")
        if random.random() < self.cutmix_probability:
            return pasted(first, other, self.cutmix_alpha, random)
        return blended(first, other, self.mixup_alpha, random)
