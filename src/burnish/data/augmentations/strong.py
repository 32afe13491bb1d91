"""For long trainings on few rows."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._pictures import COLOUR, CROP, ERASE, FLIP, TURN, Geometry


class Strong(Geometry):
    """Crops down to 15 %, mirroring, turns of up to 20 degrees, strong colours, erasing: for many epochs on few examples.

    Road signs, digits and letters: `horizontal_flip: false`. X-rays: `colour_jitter: 0` and `horizontal_flip: false`.
    """

    horizontal_flip: bool = Field(True, description=FLIP)
    rotation: float = Field(20.0, ge=0, le=180, description=TURN)
    colour_jitter: float = Field(0.4, ge=0, lt=1, description=COLOUR)
    scale: tuple[float, float] = Field((0.15, 1.0), description=CROP)
    erasing: float = Field(0.25, ge=0, le=1, description=ERASE)
