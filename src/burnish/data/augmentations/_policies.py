"""How the published policies turn a strength in [0, 1] into an operation on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from burnish.data.augmentations._pictures import COLOURS, GEOMETRIC, TONES

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

OPERATIONS = ("identity", *GEOMETRIC, *COLOURS, *TONES)
WITHOUT_INTENSITY = ("identity", *GEOMETRIC)


def applied(
    name: str, picture: Picture, strength: float, greatest: Mapping[str, float], random: np.random.Generator
) -> Picture:
    """One operation at a strength in [0, 1]; signed ones go either way.

    Args:
        name: of an operation in `OPERATIONS`.
        picture: RGB.
        strength: 0 for nothing (but autocontrast and equalize have no strength), 1 for the greatest amount.
        greatest: the amount at strength 1: shears and moves as a share, degrees, factors, and for posterize the fewest bits.
        random: the side a signed operation goes to.
    """
    sign = -1.0 if random.random() < 0.5 else 1.0
    if name in GEOMETRIC:
        return GEOMETRIC[name](picture, sign * strength * greatest[name])
    if name in COLOURS:
        return COLOURS[name](picture, sign * strength * greatest["colour"])
    if name == "posterize":
        return TONES[name](picture, 8 - strength * (8 - greatest[name]))
    if name == "solarize":
        return TONES[name](picture, 256 * (1 - strength))
    return TONES[name](picture, 0.0) if name in TONES else picture
