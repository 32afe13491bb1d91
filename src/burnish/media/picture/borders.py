"""What the edge of a picture looks like: a frame, a mark in a corner or a caption tells a class without its content."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CORNERS = ("top left", "top right", "bottom left", "bottom right")
EDGES = ("top", "bottom", "left", "right")
SHARE = 24
"""A corner is a square, an edge a strip, of so many-th of the shorter side; of at least two pixels."""


def edge_facts(grey: NDArray[np.uint8]) -> dict[str, float]:
    """Mean grey value and spread (standard deviation) of each corner and edge, and of the border as a whole.

    Args:
        grey: [height, width].
    """
    values = grey.astype(np.float32)
    height, width = values.shape
    side = max(1, min(max(2, min(height, width) // SHARE), height, width))
    top, bottom, left, right = slice(0, side), slice(height - side, None), slice(0, side), slice(width - side, None)
    pieces = {
        "corner top left": values[top, left],
        "corner top right": values[top, right],
        "corner bottom left": values[bottom, left],
        "corner bottom right": values[bottom, right],
        "edge top": values[top],
        "edge bottom": values[bottom],
        "edge left": values[:, left],
        "edge right": values[:, right],
    }
    facts = {name: _facts(piece) for name, piece in pieces.items()}
    ring = np.concatenate([pieces[f"edge {edge}"].ravel() for edge in EDGES])
    facts["border"] = _facts(ring)
    return {f"{name} {what}": value for name, both in facts.items() for what, value in both.items()}


def _facts(values: NDArray[np.float32]) -> dict[str, float]:
    return {"grey": round(float(values.mean()), 1), "spread": round(float(values.std()), 1)}
