"""Nearest training examples by what a network sees of them: many are read once, the nearest few of each are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
"""Features that are compared at once."""


def nearest(
    learned: Iterable[tuple[int, NDArray[Any]]], asked: NDArray[Any], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The places of the most similar features for each that is asked about, and their cosines; [M, k] each, best first.

    Memory does not grow with the number of features: a block at a time is held, and the best k of each.

    Args:
        learned: (place, [D]) in any order, which does not change the result: equal ones go by their place.
        asked: [M, D].
        most: k; fewer where there are fewer features.
    """
    places, cosines = np.zeros((len(asked), 0), np.int64), np.zeros((len(asked), 0))
    unit = _unit(np.asarray(asked, np.float64))
    block: list[tuple[int, NDArray[Any]]] = []

    def merged() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        numbers = np.array([place for place, _ in block], np.int64)
        values = unit @ _unit(np.stack([value for _, value in block]).astype(np.float64)).T
        all_places = np.concatenate([places, np.broadcast_to(numbers, (len(unit), len(numbers)))], axis=1)
        all_cosines = np.concatenate([cosines, values], axis=1)
        order = np.lexsort((all_places, -all_cosines), axis=1)[:, :most]
        return np.take_along_axis(all_places, order, 1), np.take_along_axis(all_cosines, order, 1)

    for one in learned:
        block.append(one)
        if len(block) == BLOCK:
            places, cosines = merged()
            block.clear()
    if block:
        places, cosines = merged()
    return places, cosines


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1; of one without any length 0 stays, which is like nothing."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1.0)
