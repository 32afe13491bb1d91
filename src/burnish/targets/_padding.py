"""Rows of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from burnish.core.batch import Array


def padded(rows: Sequence[Array], dtype: Any, length: int | None = None, filler: int = 0) -> Array:
    """[B, L, ...] of rows [L, ...], filled up behind each.

    Args:
        rows: at least one.
        dtype: of the result.
        length: L; None: of the longest row.
        filler: what stands behind a row.
    """
    longest = max(map(len, rows)) if length is None else length
    out = np.full((len(rows), longest, *rows[0].shape[1:]), filler, dtype)
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return out


def padded_pairs(pairs: Sequence[tuple[Array, Array]], length: int | None = None) -> tuple[Array, Array]:
    """Targets int64 [B, L] and weights float32 [B, L] of rows; padding has weight 0."""
    return padded([p[0] for p in pairs], np.int64, length), padded([p[1] for p in pairs], np.float32, length)
