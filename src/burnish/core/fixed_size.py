"""Models with fixed shapes: batches are cut and padded to what the model reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError

Shapes = Mapping[str, Sequence[int | str]]
"""Input name to its shape: a number is fixed, a word is free."""


def pieces(arrays: Mapping[str, Array], shapes: Shapes) -> Iterator[tuple[dict[str, Array], int, int | None]]:
    """Batches in the shapes a model reads; of each the rows that are real, and the real length (None: no lengths).

    Padding repeats the last row, and fills lengths with 0, which attention masks call padding.

    Raises:
        InputError: rows are longer than the model reads.
    """
    first = next(iter(shapes))
    rows = len(arrays[first])
    batch = shapes[first][0]
    size = batch if isinstance(batch, int) else rows
    for start in range(0, rows, max(1, size)):
        piece = {name: arrays[name][start : start + size] for name in shapes}
        real, length = len(piece[first]), None
        for name, value in piece.items():
            for axis, wanted in enumerate(shapes[name]):
                if axis and value.ndim == 2:
                    length = value.shape[1]
                if isinstance(wanted, int) and value.shape[axis] != wanted:
                    value = _padded(value, axis, wanted, name)
            piece[name] = value
        yield piece, real, length


def _padded(value: Array, axis: int, wanted: int, name: str) -> Array:
    have = value.shape[axis]
    if have > wanted:
        raise InputError(
            f"{name} has {have} places",
            expected=f"at most {wanted}: the artifact was exported with fixed shapes",
            fix="export with a greater --length, or without --static",
        )
    widths = [(0, wanted - have if a == axis else 0) for a in range(value.ndim)]
    return np.pad(value, widths, mode="edge") if axis == 0 else np.pad(value, widths)


def joined(
    arrays: Mapping[str, Array], shapes: Shapes, run: Callable[[dict[str, Any]], Array], *, element: bool
) -> Array:
    """Logits [B, C], or [B, L, C] for `element`, of a model with fixed shapes, for the real rows and places only."""
    parts = []
    for piece, real, length in pieces(arrays, shapes):
        logits = run(piece)[:real]
        parts.append(logits[:, :length] if element and length is not None else logits)
    return np.concatenate(parts)
