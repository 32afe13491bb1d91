"""Grey of more than 8 bits: one scale from stored values to shades for all pictures of a data set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

EIGHT: Literal["8-bit"] = "8-bit"
"""The range of models whose training pictures all had 8 bits: a deeper one has no scale and is refused."""
Range = tuple[float, float] | Literal["8-bit"] | None
"""Stored values that become black and white; `EIGHT`; None: not known, as in bundles of 0.7.0."""
_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_PHOTOMETRIC, _SAMPLES, _UNSIGNED = 262, 339, (1,)
_EQUAL = 257  # times a shade of 8 bits is the same shade of 16


@dataclass(frozen=True)
class Stored:
    """A grey picture of more than 8 bits, upright.

    Attributes:
        values: float64 [height, width] as they stand in the file, all finite.
        white_is_zero: whether small values are bright (PhotometricInterpretation 0 of TIFF).
        fractions: whether the file holds floating-point numbers.
        sixteen: whether it holds unsigned whole numbers of 16 bits.
    """

    values: NDArray[np.float64]
    white_is_zero: bool
    fractions: bool
    sixteen: bool


def is_deep(picture: Picture) -> bool:
    """Whether a picture holds grey of more than 8 bits."""
    return picture.mode in _MODES


def stored(file: Picture, upright: Picture) -> Stored:
    """What a file of deep grey holds.

    Args:
        file: as opened, with its tags.
        upright: the same picture turned as its EXIF says.

    Raises:
        InputError: values that are not finite numbers.
    """
    tags = getattr(file, "tag_v2", None) or {}
    values = np.asarray(upright)
    if values.dtype == np.int32 and tags.get(_SAMPLES, _UNSIGNED) == _UNSIGNED and tags and values.min() < 0:
        values = values.view(np.uint32)  # Pillow has no mode for them
    numbers = values.astype(np.float64)
    if wrong := int((~np.isfinite(numbers)).sum()):
        raise InputError(f"{wrong:,} of its {numbers.size:,} values are not finite numbers")
    white_is_zero = tags.get(_PHOTOMETRIC) == 0
    return Stored(numbers, white_is_zero, upright.mode == "F", upright.mode.startswith("I;16"))


def shaded(picture: Stored, scale: Range) -> Picture:
    """In 8 bits, by the scale of the data set.

    Raises:
        InputError: there is no scale, or the picture lies outside it: any answer would be about a black picture.
    """
    if scale is None:
        return _guessed(picture)
    values = picture.values
    low, high = float(values.min()), float(values.max())
    said = f"grey of more than 8 bits, values {low:g} to {high:g}"
    if scale == EIGHT:
        raise InputError(
            f"it holds {said}, and the training pictures had 8 bits: their scale says nothing about it",
            fix="convert it to 8 bits as the training pictures were, or train with input.range: [BLACK, WHITE]",
        )
    black, white = scale
    tiny = picture.fractions and 0 <= low < high <= 1 and _of_bits(black, white)
    if high < black or low > white or tiny or _far_above(values, black, white):
        raise InputError(
            f"it holds {said}, which does not fit input.range {black:g} to {white:g}",
            fix="give it in the numbers of the training pictures",
        )
    return _picture(_stretched(picture, black, white))


def _far_above(values: NDArray[np.float64], black: float, white: float) -> bool:
    """Whether most of a picture would be white, and its values go to twice the scale and more: it has another depth."""
    return bool(values.max() > white + (white - black) and np.median(values) > white)


def _of_bits(black: float, white: float) -> bool:
    """Whether a scale is that of whole numbers of more than 8 bits, which no fraction up to 1 can be meant by."""
    return black == 0 and white > 255 and math.log2(white + 1).is_integer()


def stretched(picture: Stored) -> Picture:
    """In 8 bits, from its own lowest to its own highest value: for comparing shapes only."""
    low, high = float(picture.values.min()), float(picture.values.max())
    return _guessed(picture) if low == high else _picture(_stretched(picture, low, high))


def _stretched(picture: Stored, black: float, white: float) -> NDArray[np.float64]:
    shades: NDArray[np.float64] = np.clip((picture.values - black) / (white - black), 0, 1)
    return 1 - shades if picture.white_is_zero else shades


def _guessed(picture: Stored) -> Picture:
    """The rule of 0.7.0, by which older bundles were trained: 16 bits whole, all else by the largest value."""
    highest = picture.values.max()
    top = 65535.0 if picture.sixteen or highest > 255 else 255.0 if highest > 1 else 1.0
    return _picture(np.clip(picture.values / top, 0, 1))


def _picture(shades: NDArray[np.float64]) -> Picture:
    from PIL import Image as Pillow

    return Pillow.fromarray((shades * 255).round().astype(np.uint8))


def same_in_8_bits(picture: Stored) -> Picture | None:
    """The picture in 8 bits, where no value is lost by that whatever the scale of 16 bits; None elsewhere."""
    if not picture.sixteen or (picture.values % _EQUAL).any():
        return None
    return _picture(_stretched(picture, 0, 65535))


def facts_of(picture: Stored) -> dict[str, Any]:
    """What is to be known before a scale is chosen: least and largest value, and those of all but the outermost."""
    values = picture.values
    low, high = np.quantile(values.ravel()[:: max(1, values.size // 100_000)], (0.005, 0.995))
    return {
        "lowest": float(values.min()),
        "highest": float(values.max()),
        "low": float(low),
        "high": float(high),
        "numbers": "fractions" if picture.fractions else "whole",
    }


def scale_of(given: Range, facts: Mapping[str, Mapping[str, NDArray[Any]]]) -> tuple[Range, str]:
    """The scale of a data set: as given, else of its training pictures; and in words what was found.

    Args:
        given: as the recipe says.
        facts: of each split, as in `learned`.

    Raises:
        InputError: whole numbers and fractions are mixed, only validation or test pictures have more than 8 bits, or
            pictures lie wholly outside the scale.
    """
    scale = learned(facts["train"]) if given is None else given
    deep = {name: int(np.isfinite(of_split["highest"].astype(np.float64)).sum()) for name, of_split in facts.items()}
    if isinstance(scale, tuple):
        _require_inside(facts, scale)
        if given is not None:
            return given, ""
        said = (
            f"{scale[0]:g} is black and {scale[1]:g} is white in {deep['train']:,} training images of more than 8 bits"
        )
        return scale, f"input.range: [{scale[0]:g}, {scale[1]:g}], {said}"
    if any(deep.values()):
        raise InputError(
            " and ".join(f"{count:,} {name} images" for name, count in deep.items() if count)
            + " hold grey of more than 8 bits"
            + (", no training image does" if given is None else ", and input.range says that none does"),
            fix="state which stored values are black and white: input.range: [BLACK, WHITE], such as [0, 65535]",
            place="input.range",
        )
    return EIGHT, ""


def _require_inside(facts: Mapping[str, Mapping[str, NDArray[Any]]], scale: tuple[float, float]) -> None:
    """Pictures wholly above or below a scale would be white or black."""
    away = {}
    for name, of_split in facts.items():
        lowest, highest = (of_split[fact].astype(np.float64) for fact in ("lowest", "highest"))
        away[name] = int(((highest < scale[0]) | (lowest > scale[1])).sum())
    if any(away.values()):
        raise InputError(
            " and ".join(f"{count:,} {name} images" for name, count in away.items() if count)
            + f" lie wholly outside the scale from {scale[0]:g} (black) to {scale[1]:g} (white)",
            expected="all pictures in the same numbers",
            fix="convert them, or state a scale that fits all: input.range: [BLACK, WHITE]",
            place="input.range",
        )


def learned(facts: Mapping[str, NDArray[Any]]) -> tuple[float, float] | None:
    """The scale of the training pictures; None where none of them has more than 8 bits.

    Whole numbers go from 0, or the least where that is negative, to the largest number of as many bits as are used, such
    as 4095; fractions to the largest, or to 1 or 255 where that is less than a factor of two away.

    Args:
        facts: `lowest`, `highest` and `numbers` of each picture; not a number and None where it has 8 bits.

    Raises:
        InputError: some hold whole numbers and some fractions: one scale cannot be right for both.
    """
    deep = np.isfinite(facts["highest"].astype(np.float64))
    if not deep.any():
        return None
    fractions = facts["numbers"][deep] == "fractions"
    if fractions.any() and not fractions.all():
        raise InputError(
            f"{int((~fractions).sum()):,} training pictures hold whole numbers of more than 8 bits, "
            f"{int(fractions.sum()):,} hold fractions",
            expected="one kind of numbers, which one scale from black to white can fit",
            fix="save all pictures in one kind, or state input.range: [BLACK, WHITE] where the numbers mean the same",
            place="input.range",
        )
    low, high = float(facts["lowest"][deep].min()), float(facts["highest"][deep].max())
    black = min(low, 0.0)
    white = _white_of_fractions(high) if fractions.all() else _white_of_whole(high, signed=low < 0)
    return black, white if white > black else black + 1


def _white_of_whole(high: float, *, signed: bool) -> float:
    return high if signed or high < 1 else float(2 ** math.ceil(math.log2(high + 1)) - 1)


def _white_of_fractions(high: float) -> float:
    return next((top for top in (1.0, 255.0) if top / 2 < high <= top), high)
