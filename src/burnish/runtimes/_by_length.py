"""Recordings through a network that is told of no padding: those of equal length share a batch, each as it is alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from burnish.core.batch import Array

MASK = "attention_mask"
LARGEST = 16
"""Recordings of one call: more of them take memory and no less time."""


def by_length(arrays: Mapping[str, Array], name: str, run: Callable[[Array], Array]) -> Array:
    """Logits [B, L, C] in the order of the rows, 0 behind the end of each.

    Args:
        arrays: `name` [B, ..., S], and a mask [B, S] where rows are padded.
        name: of what the network reads.
        run: rows of one length to their logits.
    """
    values, mask = arrays[name], arrays.get(MASK)
    lengths = np.full(len(values), values.shape[-1]) if mask is None else mask.sum(axis=1).astype(np.int64)
    groups: dict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        groups[int(length)].append(row)
    told: dict[int, Array] = {}
    for length, rows in groups.items():
        for start in range(0, len(rows), LARGEST):
            some = rows[start : start + LARGEST]
            told |= dict(zip(some, run(np.ascontiguousarray(values[some][..., :length])), strict=True))
    return padded([told[row] for row in range(len(values))])


def padded(rows: list[Array]) -> Array:
    """[B, L, C] of rows [L, C] of several lengths, 0 behind the end of each."""
    longest = max((len(row) for row in rows), default=0)
    return np.stack([np.pad(row, [(0, longest - len(row)), (0, 0)]) for row in rows])
