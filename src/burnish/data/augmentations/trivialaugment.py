"""TrivialAugment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from burnish.data.augmentations._pictures import INTENSITY, Geometry
from burnish.data.augmentations._policies import OPERATIONS, WITHOUT_INTENSITY, applied

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class TrivialAugment(Geometry):
    """One random operation at a random strength, after crop and mirroring; nothing to tune (Müller and Hutter, 2021).

    arXiv:2103.10158, the wide space; moves are a share of the side, because pictures differ in size. Its widest
    turn is 135 degrees: for road signs, digits and letters another kind is safer. X-rays: `horizontal_flip: false` and
    `intensity: false`.
    """

    greatest: ClassVar[dict[str, float]] = {
        "shear_x": 0.99, "shear_y": 0.99, "translate_x": 32 / 224, "translate_y": 32 / 224, "rotate": 135.0,
        "colour": 0.99, "posterize": 2.0,
    }  # fmt: skip
    intensity: bool = Field(True, description=INTENSITY)

    def policy(self, picture: Picture, random: np.random.Generator) -> Picture:
        """The operation."""
        names = OPERATIONS if self.intensity else WITHOUT_INTENSITY
        name = names[int(random.integers(0, len(names)))]
        return applied(name, picture, int(random.integers(0, 31)) / 30, self.greatest, random)
