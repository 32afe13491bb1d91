"""Shared by the resamplers that leave rows out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.training.resamplers import Resampled, Resampler


class LeavingOut(Resampler):
    """Fewer rows of every class but the rarest."""

    makes: ClassVar[bool] = False

    def resampled(
        self, features: NDArray[np.float64], classes: NDArray[np.int64], names: Mapping[int, str], *, seed: int
    ) -> Resampled:
        """Some of the rows, in their order; none is made."""
        numbers, counts = np.unique(classes, return_counts=True)
        cleaner = self._cleaner(int(counts.min()))
        cleaner.fit_resample(features, classes)
        stays = np.zeros(len(classes), bool)
        stays[np.asarray(cleaner.sample_indices_, np.int64)] = True
        notes = []
        for number in numbers[~np.isin(numbers, classes[stays])].tolist():
            stays |= classes == number
            notes.append(
                f"{self.kind()}: all examples of class {names[number]!r} would be left out, so all of them stay"
            )
        kept = np.flatnonzero(stays)
        notes.append(f"{self.kind()}: {len(classes) - len(kept):,} of {len(classes):,} training examples are left out")
        return Resampled(kept, np.zeros((0, features.shape[1])), np.zeros(0, np.int64), notes)

    @abstractmethod
    def _cleaner(self, fewest: int) -> Any:
        """The library's own; `fewest` rows has the rarest class."""
