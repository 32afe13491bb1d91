"""How often the rows of several data sets are seen in an epoch: a pure function of (seed, epoch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator


@dataclass(frozen=True)
class Mixture:
    """Rows of several data sets, each seen as often as its weight says.

    Of n rows with weight w an epoch sees w * n, rounded, and at least one. Each row is seen as often as any other of its
    data set, give or take one; which ones are seen once more goes round from epoch to epoch, so that with weight 0.5 all
    rows are seen in two epochs. All epochs are of one length.

    Attributes:
        data_sets: int64 [M], the number of the data set of each row.
        weights: of each data set, above 0.
    """

    data_sets: NDArray[np.int64]
    weights: tuple[float, ...]

    def count(self, data_set: int) -> int:
        """How many rows of a data set an epoch sees."""
        return seen(int((self.data_sets == data_set).sum()), self.weights[data_set])

    def rows(self, *, seed: int, epoch: int, strata: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """int64, ascending: the positions in [0, M) that an epoch sees, repeated as often as it sees them.

        Args:
            seed, epoch: the only source of randomness.
            strata: [M] class numbers, for samplers that count classes: then each class of a data set is a data set of its
                own here, so that all epochs have the same counts.
        """
        strata = np.zeros_like(self.data_sets) if strata is None else strata
        chosen = [np.zeros(0, np.int64)]
        for number in range(len(self.weights)):
            mine = np.flatnonzero(self.data_sets == number)
            for stratum in np.unique(strata[mine]):
                rows = mine[strata[mine] == stratum]
                chosen.append(_turn(rows, self.weights[number], (seed, "mixture", number, int(stratum)), epoch))
        return np.sort(np.concatenate(chosen))


def seen(rows: int, weight: float) -> int:
    """How many rows an epoch sees of so many with this weight."""
    return max(1, int(np.floor(weight * rows + 0.5))) if rows else 0


def _turn(rows: NDArray[np.int64], weight: float, stream: tuple[int | str, ...], epoch: int) -> NDArray[np.int64]:
    """All rows as often as the weight is whole, and the next ones in a fixed random order, which begins anew at its end."""
    whole, rest = divmod(seen(len(rows), weight), len(rows))
    order = generator(*stream).permutation(rows)
    next_ones = order[(epoch * rest + np.arange(rest)) % len(rows)]
    return np.concatenate([np.tile(rows, whole), next_ones])
