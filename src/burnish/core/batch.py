"""Rows on their way to the network: `Example` → `Encoded` → `Batch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

Example: TypeAlias = Mapping[str, Any]
"""A row as people wrote it: column name to value."""

Encoded: TypeAlias = dict[str, Array]
"""A row as the network reads it: names to numpy arrays without a batch axis."""


def apart(rows: Sequence[Any]) -> Array:
    """Rows that are not stacked: objects [B]. numpy would make one array of those that happen to have the same shape."""
    objects = np.empty(len(rows), object)
    for number, row in enumerate(rows):
        objects[number] = row
    return objects


T = TypeVar("T")


@dataclass(frozen=True)
class Truth(Generic[T]):
    """What the rows of a batch should be answered with: arrays in a batch, tensors where losses are computed.

    Attributes:
        targets: the labels as numbers: [B] for one value a line, [B, C] or [B, L] for more. Mixed rows have k labels each,
            one after the other: [k B] or [k B, C]; `weights` then say how much of each.
        weights: float32, the shape of `targets`; 0 where a target is absent, padded, ignored or unknown.
        owner: int64, the shape of `targets`: the row that each element belongs to, counted from 0 within the batch.
        lines: int64 [R], the line of the inputs in which each row is: 0 to B - 1 in order, unless several rows share one.
    """

    targets: T
    weights: T
    owner: T
    lines: T


@dataclass(frozen=True)
class Batch:
    """R rows in B lines, padded to one shape: a row a line, unless rows are packed.

    Attributes:
        inputs: named arrays, first axis B; what the network is called with.
        targets, weights, owner, lines: as in `Truth`.
        rows: int64 [R], the row numbers in the table the batch came from.
        useful: how many input elements (tokens, samples ...) are not padding.
        size: how many input elements there are, padding included.
        real: how many of the lines are this process' own, the first ones; the others only fill the batch. None: all.
    """

    inputs: dict[str, Array]
    targets: Array
    weights: Array
    owner: NDArray[np.int64]
    lines: NDArray[np.int64]
    rows: NDArray[np.int64]
    useful: int
    size: int
    real: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def truth(self) -> Truth[Array]:
        """The rows' labels."""
        return Truth(self.targets, self.weights, self.owner, self.lines)

    def by_row(self, values: Array) -> NDArray[np.float64]:
        """[R] the sum of one value for each element over each row."""
        return np.bincount(self.owner.ravel(), values.ravel(), minlength=len(self.rows)).astype(np.float64, copy=False)


def a_row_a_line(weights: Array) -> NDArray[np.int64]:
    """The owner of each element where line i is row i."""
    lines = np.arange(len(weights)).reshape(-1, *[1] * (weights.ndim - 1))
    return np.broadcast_to(lines, weights.shape).copy()
