"""Class weights: how much each class counts in the training loss. Learned from the training split only. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from burnish.core.batch import Array
from burnish.core.component import Component


class ClassWeights(Component):
    """How much each class counts in the training loss."""

    axis: ClassVar[str] = "burnish.class_weights"

    @abstractmethod
    def weights(self, names: Sequence[str], counts: Mapping[str, int]) -> Array:
        """float32 [C], one weight a class in the order of `names`; computed from counts, an absent class gets 0.

        Args:
            names: label names, sorted, as the target learned them.
            counts: how often each occurs in the training split.

        Raises:
            InputError: given weights name an unknown label or miss one.
        """
