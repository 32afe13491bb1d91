"""Samplers: which training rows an epoch visits and in which order, as a pure function of (seed, epoch). One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.component import Component


class Sampler(Component):
    """Which training rows an epoch visits, and in which order. Never touches validation or test rows."""

    axis: ClassVar[str] = "burnish.data.samplers"
    counts_classes: ClassVar[bool] = False
    """Whether how many rows it visits depends on how many each class has."""

    @classmethod
    def packs(cls) -> bool:
        """Whether rows share lines (`packed`)."""
        return cls.packed is not Sampler.packed

    def fitted(self, lengths: NDArray[np.int64]) -> Sampler:
        """This sampler with what it leaves open settled by the lengths of all training rows, [N]; itself by default."""
        return self

    def packed(self, lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Which rows of an optimizer step share a line of a batch; each has its own by default.

        Args:
            lengths: [N] of the rows of the step, in their order.

        Returns:
            Places in `lengths` of the rows of each line, at least one; every place once. A pure function of the lengths.
        """
        return [np.array([place]) for place in range(len(lengths))]

    @abstractmethod
    def order(
        self,
        lengths: NDArray[np.int64],
        strata: NDArray[np.int64],
        *,
        batch_size: int,
        seed: int,
        epoch: int,
    ) -> NDArray[np.int64]:
        """Positions in [0, N) in the order they are visited; consecutive runs of `batch_size` are the batches.

        Args:
            lengths: [N] input length of each training row.
            strata: [N] class number of each row, -1 where there is none (regression, no label).
            batch_size: rows of one optimizer step.
            seed, epoch: the only source of randomness (`burnish.core.seeds.generator(seed, "order", epoch)`).

        Returns:
            int64, at least one position; its length may depend on the arguments but not on `epoch`, so that the number
            of steps is known before the run.
        """
