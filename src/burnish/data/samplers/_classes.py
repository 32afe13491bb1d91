"""Shared by the samplers that change how often classes are seen."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.errors import InputError
from burnish.core.seeds import generator
from burnish.data.samplers import Sampler
from burnish.data.samplers._bucketing import bucketed


class ByClass(Sampler):
    """Some rows of each class, and all rows without one, shuffled or put into batches by length."""

    counts_classes: ClassVar[bool] = True
    bucketed: bool = Field(
        False,
        description="Put examples of like length into one batch; pads less, but repeats of one meet more often in one batch.",
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
        """int64 [M] positions.

        Raises:
            InputError: no row has a class (regression).
        """
        random = generator(seed, "order", epoch)
        classes, without = by_class(strata)
        positions = np.concatenate([*self.chosen(classes, seed=seed, epoch=epoch, random=random), without])
        if self.bucketed:
            return bucketed(positions, lengths, batch_size=batch_size, window=self.window, random=random)
        return random.permutation(positions)

    @abstractmethod
    def chosen(
        self, classes: list[NDArray[np.int64]], *, seed: int, epoch: int, random: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """Which positions of each class are visited in an epoch; `random` is the epoch's own stream."""


def by_class(strata: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """The positions of each class that occurs, and the positions without a class (stratum -1).

    Raises:
        InputError: no row has a class (regression), so there is nothing to balance.
    """
    order = np.argsort(strata, kind="stable")
    cuts = np.flatnonzero(np.diff(strata[order])) + 1
    groups = np.split(order, cuts)
    without = [group for group in groups if len(group) and strata[group[0]] < 0]
    classes = [group for group in groups if len(group) and strata[group[0]] >= 0]
    if not classes:
        raise InputError(
            "no training example has a class, so there is nothing to balance",
            expected="a target with classes, such as label",
            fix="write sampler: shuffled, or length_bucketed for texts",
            place="sampler",
        )
    return classes, np.concatenate([np.zeros(0, np.int64), *without])
