"""Rows that are like no other: far from their nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator

NEIGHBOURS = 10
AMONG = 10_000
"""Rows at most that neighbours are looked for among."""
FAR = 3.0
"""Spreads (between the quartiles) above the upper quartile from which on a distance is far out (Tukey, 1977)."""
_TOGETHER = 2048


def distances(x: NDArray[Any], among: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """[N] mean distance (1 - cosine) to the nearest `NEIGHBOURS` of some rows, never to itself.

    Args:
        x: [N, D] features.
        among: rows that neighbours may be; of more than `AMONG` so many are drawn.
        seed: of the draw.
    """
    if len(among) > AMONG:
        among = np.sort(generator(seed, "outliers").choice(among, AMONG, replace=False))
    values = np.asarray(x, np.float32)
    values = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)
    found = np.zeros(len(values))
    if len(among) < 2:
        return found
    own = np.full(len(values), -1, np.int64)
    own[among] = np.arange(len(among))
    count = min(NEIGHBOURS, len(among) - 1)
    others = values[among].T
    for start in range(0, len(values), _TOGETHER):
        block = values[start : start + _TOGETHER] @ others
        mine = own[start : start + _TOGETHER]
        inside = np.flatnonzero(mine >= 0)
        block[inside, mine[inside]] = -np.inf
        nearest = np.partition(block, -count, axis=1)[:, -count:]
        found[start : start + _TOGETHER] = 1 - nearest.mean(axis=1)
    return found


def far_out(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[N] which are far above the others."""
    if len(values) < 4 * NEIGHBOURS:
        return np.zeros(len(values), np.bool_)
    low, high = np.quantile(values, (0.25, 0.75))
    outside: NDArray[np.bool_] = values > high + FAR * max(high - low, 1e-6)
    return outside
