"""Resamplers: training rows that are made, or left out, in the space of frozen features. One file each.

They see training rows only, after the split, and work in standardised features: distances between neighbours then count
every feature the same. Validation and test rows never come near them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.component import Component
from burnish.core.errors import InputError


@dataclass(frozen=True)
class Resampled:
    """What became of N rows.

    Attributes:
        kept: int64 [M] places of the rows that stay, in their order.
        made: float64 [S, D] new rows.
        classes: int64 [S] the class of each.
        notes: what had to be decided, in words.
    """

    kept: NDArray[np.int64]
    made: NDArray[np.float64]
    classes: NDArray[np.int64]
    notes: list[str] = field(default_factory=list)


class Resampler(Component):
    """Which training rows a head learns from: those there are, fewer, or more that lie between them."""

    axis: ClassVar[str] = "burnish.training.resamplers"
    makes: ClassVar[bool]
    """Whether it makes rows; else it leaves some out."""

    def check(self, counts: Mapping[str, int]) -> None:
        """That there is enough of each class; asked before any feature is computed.

        Args:
            counts: rows of each class in the training split; classes without any are not there.

        Raises:
            InputError: too few rows.
        """

    @abstractmethod
    def resampled(
        self, features: NDArray[np.float64], classes: NDArray[np.int64], names: Mapping[int, str], *, seed: int
    ) -> Resampled:
        """Rows that stay and rows that are made. A pure function of its arguments.

        Args:
            features: [N, D], each feature with mean 0 and deviation 1.
            classes: [N] class numbers.
            names: of the classes, for notes.
            seed: the only source of randomness.
        """


def library(name: str) -> Any:
    """A module of imbalanced-learn.

    Raises:
        InputError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(f"imblearn.{name}")
    except ImportError as error:
        raise InputError(
            "resampling in feature space needs the package imbalanced-learn",
            fix="pip install 'burnish[imbalanced]'",
            place="resampler",
        ) from error
