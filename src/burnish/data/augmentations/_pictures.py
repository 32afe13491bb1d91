"""What the augmentations of images share: cropping, mirroring, turning, colours, erasing, and single operations.

Everything is drawn from a numpy generator and done by Pillow, so that a result depends on picture and seed alone: no
global random state is touched, and threads and processes do not disturb each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from burnish.core.seeds import generator
from burnish.data.augmentations import Augmentation

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    Operation = Callable[[Picture, float], Picture]

FLIP = "Mirror left and right, half of the time. Off where sides matter: road signs, digits, letters, organs."
CROP = "Share of the area that a random crop keeps, from and to; [1, 1]: the whole picture."
RATIO = "Width over height of a random crop, from and to."
VERTICAL = "Mirror top and bottom, half of the time: for pictures without an up, such as cells and satellite views."
TURN = "Turn by up to so many degrees either way."
COLOUR = (
    "Change brightness, contrast and saturation by up to this share, hue by a quarter of it; 0 where intensity matters, "
    "as in x-rays."
)
ERASE = "Probability that a random rectangle is painted over with the picture's mean colour."


class Geometry(Augmentation):
    """Random crop, mirroring, turning, colours and erasing: what every augmentation of images begins and ends with."""

    read_as: ClassVar[tuple[str, ...]] = ("picture",)
    horizontal_flip: bool = Field(True, description=FLIP)
    vertical_flip: bool = Field(False, description=VERTICAL)
    rotation: float = Field(0.0, ge=0, le=180, description=TURN)
    colour_jitter: float = Field(0.0, ge=0, lt=1, description=COLOUR)
    scale: tuple[float, float] = Field((0.25, 1.0), description=CROP)
    ratio: tuple[float, float] = Field((3 / 4, 4 / 3), description=RATIO)
    erasing: float = Field(0.0, ge=0, le=1, description=ERASE)

    def model_post_init(self, context: Any) -> None:
        """Check the ranges.

        Raises:
            ValueError: a range that is empty or outside what it can mean.
        """
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise ValueError("scale: from and to must lie in (0, 1], the smaller first")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError("ratio: from and to must be above 0, the smaller first")

    def __call__(self, value: Picture, seed: int) -> Picture:
        """The picture changed: crop, mirror, turn, `policy`, colours, erasing, in this order."""
        random = generator(seed, self.kind())
        picture = cropped(value.convert("RGB"), self.scale, self.ratio, random)
        picture = self._mirrored(picture, random)
        if self.rotation:
            picture = rotate(picture, float(random.uniform(-self.rotation, self.rotation)))
        picture = self.policy(picture, random)
        if self.colour_jitter:
            picture = jittered(picture, self.colour_jitter, random)
        if random.random() < self.erasing:
            picture = erased(picture, random)
        return picture

    def policy(self, picture: Picture, random: np.random.Generator) -> Picture:
        """What this kind does beside the common steps; nothing unless it says otherwise."""
        return picture

    def _mirrored(self, picture: Picture, random: np.random.Generator) -> Picture:
        from PIL.Image import Transpose

        # Both numbers are always drawn, so that switching one off leaves the rest of the stream as it was.
        left, up = random.random(2) < 0.5
        if self.horizontal_flip and left:
            picture = picture.transpose(Transpose.FLIP_LEFT_RIGHT)
        if self.vertical_flip and up:
            picture = picture.transpose(Transpose.FLIP_TOP_BOTTOM)
        return picture


def cropped(
    picture: Picture, scale: tuple[float, float], ratio: tuple[float, float], random: np.random.Generator
) -> Picture:
    """A random part of the picture (Szegedy et al., 2015, arXiv:1409.4842); the input resizes it afterwards."""
    if scale == (1.0, 1.0):
        return picture
    width, height = picture.size
    for _ in range(10):
        area = width * height * random.uniform(*scale)
        aspect = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            break
    else:  # a long picture: the middle, at the nearest shape that is allowed
        aspect = min(max(width / height, ratio[0]), ratio[1])
        w, h = min(width, max(1, round(height * aspect))), min(height, max(1, round(width / aspect)))
        left, top = (width - w) // 2, (height - h) // 2
        return picture.crop((left, top, left + w, top + h))
    left, top = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
    return picture.crop((left, top, left + w, top + h))


def jittered(picture: Picture, strength: float, random: np.random.Generator) -> Picture:
    """Brightness, contrast and saturation by a factor in 1 ± strength, hue by up to strength / 4 of the circle."""
    factors = random.uniform(max(0.0, 1 - strength), 1 + strength, 3)
    hue = float(random.uniform(-strength / 4, strength / 4))
    for which in random.permutation(4):
        picture = shifted_hue(picture, hue) if which == 3 else _ENHANCE[which](picture, float(factors[which]) - 1)
    return picture


def shifted_hue(picture: Picture, share: float) -> Picture:
    """Hue turned by a share of the colour circle; grey stays grey."""
    from PIL import Image as Pillow

    hue, saturation, value = picture.convert("HSV").split()
    turned = hue.point([(i + round(share * 256)) % 256 for i in range(256)])
    return Pillow.merge("HSV", (turned, saturation, value)).convert("RGB")


def erased(picture: Picture, random: np.random.Generator) -> Picture:
    """A rectangle of 2 to 33 % of the area in the mean colour (random erasing: Zhong et al., 2020, arXiv:1708.04896)."""
    width, height = picture.size
    for _ in range(10):
        area = width * height * random.uniform(0.02, 0.33)
        aspect = math.exp(random.uniform(math.log(0.3), math.log(3.3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w < width and 0 < h < height:
            left, top = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
            out = picture.copy()
            out.paste(_mean_colour(picture), (left, top, left + w, top + h))
            return out
    return picture


def _mean_colour(picture: Picture) -> tuple[int, int, int]:
    red, green, blue = (round(float(v)) for v in np.asarray(picture, np.float32).mean(axis=(0, 1)))
    return red, green, blue


def rotate(picture: Picture, degrees: float) -> Picture:
    """Turned about the middle; the corners that open are filled with the mean colour."""
    from PIL.Image import Resampling

    return picture.rotate(degrees, Resampling.BILINEAR, fillcolor=_mean_colour(picture))


def _affine(picture: Picture, a: float, b: float, c: float, d: float, e: float, f: float) -> Picture:
    from PIL.Image import Resampling, Transform

    return picture.transform(
        picture.size, Transform.AFFINE, (a, b, c, d, e, f), Resampling.BILINEAR, fillcolor=_mean_colour(picture)
    )


def shear_x(picture: Picture, share: float) -> Picture:
    """Slanted sideways about the middle."""
    return _affine(picture, 1, share, -share * picture.height / 2, 0, 1, 0)


def shear_y(picture: Picture, share: float) -> Picture:
    """Slanted up and down about the middle."""
    return _affine(picture, 1, 0, 0, share, 1, -share * picture.width / 2)


def translate_x(picture: Picture, share: float) -> Picture:
    """Moved sideways by a share of the width."""
    return _affine(picture, 1, 0, share * picture.width, 0, 1, 0)


def translate_y(picture: Picture, share: float) -> Picture:
    """Moved up or down by a share of the height."""
    return _affine(picture, 1, 0, 0, 0, 1, share * picture.height)


def _enhanced(name: str) -> Operation:
    def change(picture: Picture, amount: float) -> Picture:
        from PIL import ImageEnhance

        return getattr(ImageEnhance, name)(picture).enhance(1 + amount)  # type: ignore[no-any-return]

    return change


brightness, contrast, saturation, sharpness = map(_enhanced, ("Brightness", "Contrast", "Color", "Sharpness"))
_ENHANCE = (brightness, contrast, saturation)


def posterize(picture: Picture, bits: float) -> Picture:
    """So many bits of each channel kept."""
    from PIL import ImageOps

    return ImageOps.posterize(picture, round(bits))


def solarize(picture: Picture, threshold: float) -> Picture:
    """Values above a threshold inverted."""
    from PIL import ImageOps

    return ImageOps.solarize(picture, round(threshold))


def autocontrast(picture: Picture, amount: float) -> Picture:
    """Each channel stretched to the whole range; the amount is not used."""
    from PIL import ImageOps

    return ImageOps.autocontrast(picture)


def equalize(picture: Picture, amount: float) -> Picture:
    """Each channel's histogram made even; the amount is not used."""
    from PIL import ImageOps

    return ImageOps.equalize(picture)


GEOMETRIC: dict[str, Operation] = {
    "shear_x": shear_x,
    "shear_y": shear_y,
    "translate_x": translate_x,
    "translate_y": translate_y,
    "rotate": rotate,
}
"""Operations with a signed amount that move pixels and leave their values."""
COLOURS: dict[str, Operation] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "sharpness": sharpness,
}
"""Operations with a signed amount that change values."""
TONES: dict[str, Operation] = {
    "posterize": posterize,
    "solarize": solarize,
    "autocontrast": autocontrast,
    "equalize": equalize,
}
"""Operations that change values in one way only."""
INTENSITY = (
    "Whether operations may change brightness, contrast and colours; false where intensity matters, as in x-rays."
)
