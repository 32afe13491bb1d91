"""Fréchet distance between two sets of embeddings: how far apart two collections of sounds are (Kilgour et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator

Embeddings = NDArray[np.float64]
ENOUGH = 2
"""Times as many embeddings as they have numbers, below which their covariance is little known and the distance too great."""


@dataclass(frozen=True)
class Embedded:
    """Sounds as embeddings.

    Attributes:
        values: of each sound [n, D].
        name: what made them.
        rate: samples a second that it hears.
    """

    values: list[Embeddings]
    name: str
    rate: int


def frechet(first: Embeddings, second: Embeddings) -> float:
    """Between two normal distributions with the means and covariances of [N, D] and [M, D]; not a number below two each."""
    if min(len(first), len(second)) < 2:
        return float("nan")
    means = first.mean(axis=0) - second.mean(axis=0)
    one, other = (np.atleast_2d(np.cov(values, rowvar=False)) for values in (first, second))
    root = _root(one)
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ other @ root), 0, None)).sum()
    return float(means @ means + np.trace(one) + np.trace(other) - 2 * shared)


def _root(matrix: Embeddings) -> Embeddings:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    root: Embeddings = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root


def compared(written: Embedded, real: Embedded, seed: int, rounds: int = 20) -> dict[str, Any]:
    """The distance of what was written to recordings, and beside it that of recordings to each other.

    Args:
        written, real: by the same network.
        seed: of the halves.
        rounds: times that the recordings are halved.

    Returns:
        `embedding`, `sampling_rate`, `value`, `sounds` and `embeddings` of each side, `dimensions`; `real_against_real`: the
        median distance of two random halves of the recordings, None below four; `few`: whether there are so few embeddings
        that the distance comes out too great.
    """
    one, other = (np.concatenate(side.values) for side in (written, real))
    floor = None
    if len(real.values) >= 4:
        random = generator(seed, "halves")
        found = [_halves(real.values, random.permutation(len(real.values))) for _ in range(rounds)]
        floor = float(np.median(found))
    return {
        "embedding": real.name,
        "sampling_rate": real.rate,
        "value": frechet(one, other),
        "sounds": [len(written.values), len(real.values)],
        "embeddings": [len(one), len(other)],
        "dimensions": int(one.shape[1]),
        "real_against_real": floor,
        "few": min(len(one), len(other)) < ENOUGH * one.shape[1],
    }


def _halves(values: list[Embeddings], order: NDArray[np.int64]) -> float:
    middle = len(order) // 2
    return frechet(*(np.concatenate([values[int(i)] for i in half]) for half in (order[:middle], order[middle:])))
