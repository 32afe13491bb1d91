"""Rows on their way to the network: `Example` → `Encoded` → `Batch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

Example: TypeAlias = Mapping[str, Any]
"""A row as people wrote it: column name to value."""

Encoded: TypeAlias = dict[str, Array]
"""A row as the network reads it: names to numpy arrays without a batch axis."""


def apart(rows: Sequence[Any]) -> Array:
    """Rows that are not stacked: objects [B]. numpy would make one array of those that happen to have the same shape."""
    found = np.empty(len(rows), object)
    for number, row in enumerate(rows):
        found[number] = row
    return found


@dataclass(frozen=True)
class Batch:
    """B rows, padded to one shape.

    Attributes:
        inputs: named arrays, first axis B; what the network is called with.
        targets: the truth as numbers; [B] for one value a row, [B, C] or [B, L] for more. Mixed rows have k truths each,
            one after the other: [k B] or [k B, C]; `weights` then say how much of each.
        weights: float32, the shape of `targets`; 0 where a target is absent, padded, ignored or unknown.
        rows: int64 [B], the row numbers in the table the batch came from.
        useful: how many input elements (tokens, samples ...) are not padding.
        size: how many input elements there are, padding included.
    """

    inputs: dict[str, Array]
    targets: Array
    weights: Array
    rows: NDArray[np.int64]
    useful: int
    size: int

    def __len__(self) -> int:
        return len(self.rows)
