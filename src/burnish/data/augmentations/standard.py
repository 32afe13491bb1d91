"""What most published fine-tunings of image networks use."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._pictures import COLOUR, CROP, FLIP, TURN, Geometry


class Standard(Geometry):
    """Random resized crops of at least 35 %, mirroring, turns of up to 10 degrees, moderate colour changes.

    Road signs, digits and letters: `horizontal_flip: false`. X-rays: `colour_jitter: 0` and `horizontal_flip: false`.
    """

    horizontal_flip: bool = Field(True, description=FLIP)
    rotation: float = Field(10.0, ge=0, le=180, description=TURN)
    colour_jitter: float = Field(0.25, ge=0, lt=1, description=COLOUR)
    scale: tuple[float, float] = Field((0.35, 1.0), description=CROP)
