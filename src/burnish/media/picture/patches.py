"""Rectangles of a picture, to be painted over one at a time."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


def middle(width: int, height: int, share: float) -> Box:
    """The square in the middle whose side is a share of the shorter side."""
    side = min(width, height) * share
    left, top = (width - side) / 2, (height - side) / 2
    return math.floor(left), math.floor(top), math.ceil(left + side), math.ceil(top + side)


def grid(box: Box, most: int) -> list[Box]:
    """At most so many nearly square rectangles that cover a box, line by line."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    lines = min(most, height, max(1, math.isqrt(most * height // width)))
    columns = max(1, min(most // lines, width, round(lines * width / height)))
    across = [left + i * width // columns for i in range(columns + 1)]
    down = [top + i * height // lines for i in range(lines + 1)]
    return [(a, c, b, d) for c, d in pairwise(down) for a, b in pairwise(across)]


def mean_colour(picture: Picture) -> tuple[int, int, int]:
    """Of all pixels of an RGB picture."""
    red, green, blue = np.asarray(picture).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
    return red, green, blue


def painted(picture: Picture, box: Box, colour: tuple[int, int, int]) -> Picture:
    """A copy with one colour in a box."""
    copy = picture.copy()
    copy.paste(colour, box)
    return copy
