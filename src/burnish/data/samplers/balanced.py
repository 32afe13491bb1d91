from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.seeds import generator
from burnish.data.samplers import Sampler
from burnish.data.samplers._bucketing import bucketed
from burnish.data.samplers._classes import by_class


class Balanced(Sampler):
    """Rows of rare classes are repeated until every class is as frequent as the largest (oversampling).

    No row is left out, and the rows of one class are repeated evenly: their counts differ by at most one, which rows get
    the one more changes from epoch to epoch. Rows without a class (stratum -1) come once and are not counted. Repeats
    teach nothing new: where the rarest class has a handful of rows, class weights overfit no more and cost less.
    """

    target_ratio: float = Field(
        1.0, gt=0, le=1, description="Rows of each class at least, as a share of the largest class."
    )
    bucketed: bool = Field(
        False,
        description="Put rows of like length into one batch; pads less, but repeats of a row meet more often in one batch.",
    )
    window: int = Field(100, ge=1, description="With bucketed: batches that are sorted by length together.")

    def order(
        self,
        lengths: NDArray[np.int64],
        strata: NDArray[np.int64],
        *,
        batch_size: int,
        seed: int,
        epoch: int,
    ) -> NDArray[np.int64]:
        """int64 [M], M at least N; every position at least once.

        Raises:
            InputError: no row has a class (regression).
        """
        random = generator(seed, "order", epoch)
        classes, without = by_class(strata)
        # Rounded first: 0.1 * 30 is a little more than 3.
        wanted = int(np.ceil(round(self.target_ratio * max(map(len, classes)), 9)))
        chosen = [_repeated(rows, max(wanted, len(rows)), random) for rows in classes]
        positions = np.concatenate([*chosen, without])
        if self.bucketed:
            return bucketed(positions, lengths, batch_size=batch_size, window=self.window, random=random)
        return random.permutation(positions)


def _repeated(rows: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """`count` of these rows, each as often as any other, give or take one."""
    whole, rest = divmod(count, len(rows))
    return np.concatenate([np.tile(rows, whole), random.choice(rows, rest, replace=False)])
