"""RandAugment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from burnish.data.augmentations._pictures import INTENSITY, Geometry
from burnish.data.augmentations._policies import OPERATIONS, WITHOUT_INTENSITY, applied

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class RandAugment(Geometry):
    """A fixed number of random operations at one strength, after crop and mirroring (Cubuk et al., 2020).

    arXiv:1909.13719. Road signs, digits and letters: `horizontal_flip: false`. X-rays: `intensity: false` too.
    """

    greatest: ClassVar[dict[str, float]] = {
        "shear_x": 0.3, "shear_y": 0.3, "translate_x": 0.45, "translate_y": 0.45, "rotate": 30.0,
        "colour": 0.9, "posterize": 4.0,
    }  # fmt: skip
    operations: int = Field(2, ge=1, le=10, description="Operations one after another.")
    magnitude: float = Field(9.0, ge=0, le=30, description="Strength of each, of 30.")
    intensity: bool = Field(True, description=INTENSITY)

    def policy(self, picture: Picture, random: np.random.Generator) -> Picture:
        """The operations."""
        names = OPERATIONS if self.intensity else WITHOUT_INTENSITY
        for which in random.integers(0, len(names), self.operations):
            picture = applied(names[which], picture, self.magnitude / 30, self.greatest, random)
        return picture
