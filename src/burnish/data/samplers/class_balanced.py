from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.seeds import generator
from burnish.data.samplers._classes import ByClass


class ClassBalanced(ByClass):
    """An epoch is as long as the data, and every class has the same share of it: common ones give what rare ones get.

    Class-balanced sampling, as in Kang et al. 2020 (arXiv 1910.09217), equation 1, with `power` as q: a class of n rows
    gets a share proportional to n^q. The rows of a class come in turn, so none comes twice more often than another, and a
    common class is seen completely over some epochs. Rows without a class (stratum -1) come once and are not counted.
    """

    power: float = Field(
        0.0, ge=0, le=1, description="0: every class has the same share; 1: as the data; 0.5: by the square root."
    )

    def chosen(
        self, classes: list[NDArray[np.int64]], *, seed: int, epoch: int, random: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """As many positions as there are rows with a class, at least one of each class."""
        # The turn of each row is dealt once for all epochs: that is what makes the epochs together see every row.
        dealer = generator(seed, "order", "turns")
        sizes = _shares(np.array([len(rows) for rows in classes]), self.power)
        return [
            dealer.permutation(rows)[(epoch * size + np.arange(size)) % len(rows)]
            for rows, size in zip(classes, sizes, strict=True)
        ]


def _shares(counts: NDArray[np.int64], power: float) -> list[int]:
    """How many rows each class gets of as many as there are: largest remainders, at least one."""
    shares = counts.astype(np.float64) ** power
    wanted = shares / shares.sum() * counts.sum()
    sizes = np.maximum(np.floor(wanted + 1e-9).astype(np.int64), 1)
    missing = int(counts.sum() - sizes.sum())
    if missing > 0:
        sizes[np.argsort(sizes - wanted, kind="stable")[:missing]] += 1
    return [int(size) for size in sizes]
