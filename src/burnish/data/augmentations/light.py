"""A little of everything that rarely hurts."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._pictures import COLOUR, CROP, FLIP, RATIO, Geometry


class Light(Geometry):
    """Crops of at least 70 % of the picture, mirroring, slight colour changes: for few epochs, small or delicate pictures.

    Road signs, digits and letters: `horizontal_flip: false`. X-rays: `colour_jitter: 0` and `horizontal_flip: false`.
    """

    horizontal_flip: bool = Field(True, description=FLIP)
    colour_jitter: float = Field(0.1, ge=0, lt=1, description=COLOUR)
    scale: tuple[float, float] = Field((0.7, 1.0), description=CROP)
    ratio: tuple[float, float] = Field((0.85, 1.18), description=RATIO)
