"""What the kinds of mixing share: how partners are drawn, when mixing ends, and the two ways of mixing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.mixing import Mixing

ALPHA = (
    "Both parameters of the beta distribution the share is drawn from: small values mix few examples much, 1 is even."
)


class Pairs(Mixing):
    """Partners by a random order of the step's rows; nothing is mixed at the end of the run."""

    probability: float = Field(1.0, gt=0, le=1, description="Share of the examples of a step that are mixed.")
    off_for_last: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of the run at its end in which examples are as they are; 0: mixed to the end.",
    )

    def partners(self, rows: int, progress: float, seed: int) -> NDArray[np.int64] | None:
        """A random order of the rows, thinned by `probability`."""
        if rows < 2 or progress >= 1 - self.off_for_last:
            return None
        random = generator(seed, "partners")
        order = random.permutation(rows)
        mixed = random.random(rows) < self.probability
        return np.where(mixed, order, np.arange(rows)).astype(np.int64)


def alike(first: Array, other: Array) -> tuple[Array, Array]:
    """Both with the larger size along each axis, filled up with zeros at the end."""
    if first.shape == other.shape:
        return first, other
    size = np.maximum(first.shape, other.shape)
    return _filled(first, size), _filled(other, size)


def _filled(value: Array, size: NDArray[np.int64]) -> Array:
    return np.pad(value, [(0, int(whole - there)) for whole, there in zip(size, value.shape, strict=True)])


def blended(first: Array, other: Array, alpha: float, random: np.random.Generator) -> tuple[Array, float]:
    """Every number a weighted mean of the two rows' (mixup)."""
    share = float(random.beta(alpha, alpha))
    first, other = alike(first, other)
    return (first * np.float32(share) + other * np.float32(1 - share)).astype(first.dtype), share


def pasted(first: Array, other: Array, alpha: float, random: np.random.Generator) -> tuple[Array, float]:
    """A rectangle of the second picture in the first, [.., H, W] each (CutMix); the share is what is left of the area.

    The rectangle has the picture's shape and lies anywhere about a point drawn evenly; what hangs over is cut off.
    """
    first, other = alike(first, other)
    side = math.sqrt(1 - float(random.beta(alpha, alpha)))
    spans = []
    for size in first.shape[-2:]:
        half, middle = side * size / 2, float(random.uniform(0, size))
        spans.append((max(0, round(middle - half)), min(size, round(middle + half))))
    (top, bottom), (left, right) = spans
    out = first.copy()
    out[..., top:bottom, left:right] = other[..., top:bottom, left:right]
    area = (bottom - top) * (right - left) / (first.shape[-2] * first.shape[-1])
    return out, 1.0 - area
