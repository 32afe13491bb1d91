"""Weighted sums: the only way burnish adds up losses. Never average averages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class WeightedSum(Generic[T]):
    """A sum of weighted values, and the sum of the weights; both floats or both scalar tensors.

    It adds across micro-batches, processes and evaluation batches. Only reports divide.
    """

    total: T
    weight: T

    def __add__(self, other: WeightedSum[T]) -> WeightedSum[T]:
        return WeightedSum(self.total + other.total, self.weight + other.weight)  # type: ignore[operator]

    @property
    def mean(self) -> float:
        """total / weight; not a number when nothing has weight, because there is nothing to report."""
        weight = float(self.weight)  # type: ignore[arg-type]
        return float(self.total) / weight if weight != 0 else float("nan")  # type: ignore[arg-type]


ZERO: WeightedSum[float] = WeightedSum(0.0, 0.0)
