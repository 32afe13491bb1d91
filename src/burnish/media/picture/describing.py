"""A picture in a few hundred numbers: its colours, and the directions of its edges, by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE, PLACES, DIRECTIONS = 64, 8, 9


def described(picture: Picture) -> NDArray[np.float32]:
    """Mean colours of 8 x 8 places, and histograms of oriented gradients of as many (Dalal and Triggs, 2005).

    Args:
        picture: in RGB; it is shrunk to 64 x 64, whatever its shape.
    """
    from PIL.Image import Resampling

    values = np.asarray(picture.resize((SIDE, SIDE), Resampling.BILINEAR), np.float32) / 255
    colours = values.reshape(PLACES, SIDE // PLACES, PLACES, SIDE // PLACES, 3).mean(axis=(1, 3)).ravel()
    down, across = np.gradient(values.mean(axis=2))
    size, angle = np.hypot(down, across), np.arctan2(down, across) % np.pi
    direction = np.minimum((angle / np.pi * DIRECTIONS).astype(np.int64), DIRECTIONS - 1)
    place = np.arange(SIDE) // (SIDE // PLACES)
    cell = place[:, None] * PLACES + place[None, :]
    sums = np.bincount((cell * DIRECTIONS + direction).ravel(), size.ravel(), PLACES * PLACES * DIRECTIONS)
    edges = sums.astype(np.float32).reshape(PLACES * PLACES, DIRECTIONS)
    edges = edges / (np.linalg.norm(edges, axis=1, keepdims=True) + 0.05)
    return np.concatenate([colours, edges.ravel()]).astype(np.float32)
