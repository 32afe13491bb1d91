"""Shared by the resamplers that make rows between neighbours of one class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.errors import InputError
from burnish.core.seeds import derive
from burnish.training.resamplers import Resampled, Resampler


class BetweenNeighbours(Resampler):
    """New rows of each rare class, each at a random place between two rows of that class."""

    makes: ClassVar[bool] = True
    neighbours: int = Field(
        5,
        ge=1,
        description="Neighbours of the same class that a new row may lie towards; fewer where the class has fewer.",
    )
    target_ratio: float = Field(
        1.0, gt=0, le=1, description="Examples of each class at least, as a share of the largest class."
    )

    def check(self, counts: Mapping[str, int]) -> None:
        """Two rows of each class that is to grow."""
        wanted = _wanted(max(counts.values(), default=0), self.target_ratio)
        alone = [name for name, count in counts.items() if count == 1 and wanted > 1]
        if alone:
            raise InputError(
                f"resampler {self.kind()!r}: class {alone[0]!r} has one training example, and nothing lies between it and "
                "itself",
                expected="two examples or more of each class",
                fix="add examples, or use imbalance: oversampling or class weights",
                place="resampler",
            )

    def resampled(
        self, features: NDArray[np.float64], classes: NDArray[np.int64], names: Mapping[int, str], *, seed: int
    ) -> Resampled:
        """All rows, and as many new ones as each class lacks; a class at a time, so that each has its own neighbours."""
        numbers, counts = np.unique(classes, return_counts=True)
        self.check({names[int(n)]: int(c) for n, c in zip(numbers, counts, strict=True)})
        wanted = _wanted(int(counts.max()), self.target_ratio)
        made, notes = [np.zeros((0, features.shape[1]))], []
        of = [np.zeros(0, np.int64)]
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if count >= wanted:
                continue
            near = min(self.neighbours, count - 1)
            if near < self.neighbours:
                notes.append(f"{self.kind()}: class {names[number]!r} has {count} examples, so neighbours: {near}")
            state = derive(seed, "resampled", number) % 2**32
            new = self._between(features, classes, number, wanted, near, state)
            if not len(new):
                notes.append(
                    f"{self.kind()}: {self._nothing} class {names[number]!r}, and none of its examples is made"
                )
            made.append(new)
            of.append(np.full(len(new), number, np.int64))
        return Resampled(np.arange(len(classes)), np.concatenate(made), np.concatenate(of), notes)

    _nothing: ClassVar[str] = "nothing was made of"

    def _between(
        self, features: NDArray[np.float64], classes: NDArray[np.int64], number: int, wanted: int, near: int, state: int
    ) -> NDArray[np.float64]:
        maker = self._maker({number: wanted}, near, len(classes), state)
        together, _ = maker.fit_resample(features, classes)
        return np.asarray(together[len(classes) :], np.float64)

    @abstractmethod
    def _maker(self, wanted: Mapping[int, int], near: int, rows: int, state: int) -> Any:
        """The library's own, for one class."""


def _wanted(largest: int, ratio: float) -> int:
    return int(np.ceil(round(ratio * largest, 9)))  # rounded first: 0.1 * 30 is a little more than 3
