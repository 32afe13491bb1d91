from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.data.samplers._classes import ByClass


class Balanced(ByClass):
    """Rows of rare classes are repeated until every class is as frequent as the largest (oversampling).

    No row is left out, and the rows of one class are repeated evenly: their counts differ by at most one, which rows get
    the one more changes from epoch to epoch. Rows without a class (stratum -1) come once and are not counted. Repeats
    teach nothing new: where the rarest class has a handful of rows, class weights overfit no more and cost less.
    """

    target_ratio: float = Field(
        1.0, gt=0, le=1, description="Examples of each class at least, as a share of the largest class."
    )

    def chosen(
        self, classes: list[NDArray[np.int64]], *, seed: int, epoch: int, random: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Every position at least once."""
        # Rounded first: 0.1 * 30 is a little more than 3.
        wanted = int(np.ceil(round(self.target_ratio * max(map(len, classes)), 9)))
        return [_repeated(rows, max(wanted, len(rows)), random) for rows in classes]


def _repeated(rows: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """`count` of these rows, each as often as any other, give or take one."""
    whole, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, whole), random.choice(rows, rest, replace=False)])
