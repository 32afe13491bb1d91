"""How far what a model answers now is from what it answered on its test rows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

FLOOR = 1e-4  # of a share: a class that never occurs on one side must not make the index infinite
FEWEST = 100  # answers before anything is said


def population_stability(expected: Mapping[str, float], actual: Mapping[str, float]) -> float:
    """The population stability index: sum over bins of (actual - expected) * ln(actual / expected).

    Below 0.1 is usually read as no change, above 0.25 as a large one. It is the symmetric Kullback-Leibler divergence
    of Jeffreys ("An invariant form for the prior probability in estimation problems", 1946).

    Args:
        expected, actual: bin to share; a bin that is missing has share 0, and no share counts as less than `FLOOR`.
    """
    total = 0.0
    for name in {*expected, *actual}:
        before, now = max(FLOOR, expected.get(name, 0.0)), max(FLOOR, actual.get(name, 0.0))
        total += (now - before) * math.log(now / before)
    return total


class Recent:
    """The bins that the latest values fell into.

    Args:
        size: how many values are remembered.
    """

    def __init__(self, size: int = 1000) -> None:
        self._kept: deque[str] = deque(maxlen=size)
        self._counts: dict[str, int] = {}

    def add(self, bins: Sequence[str]) -> None:
        """Remember, and forget the oldest."""
        for name in bins:
            if len(self._kept) == self._kept.maxlen:
                self._counts[self._kept[0]] -= 1
            self._kept.append(name)
            self._counts[name] = self._counts.get(name, 0) + 1

    def shares(self) -> dict[str, float] | None:
        """Bin to share; None while there are fewer than `FEWEST` values."""
        total = len(self._kept)
        return None if total < FEWEST else {name: count / total for name, count in self._counts.items() if count}
