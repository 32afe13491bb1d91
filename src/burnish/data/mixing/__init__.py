"""Mixing: two training rows become one with two labels, so that predictions change smoothly between rows. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.inputs import Augmentable, augmented_as
from burnish.targets import shows_truth

if TYPE_CHECKING:
    from burnish.inputs import Input
    from burnish.targets import Target


class Mixing(Component):
    """How two training rows become one. Validation and test rows are never mixed.

    The mixed row has both labels, weighted by the share each row has in it: no loss or target must know of soft labels.
    """

    axis: ClassVar[str] = "burnish.data.mixing"
    read_as: ClassVar[tuple[str, ...]] = ()
    """What rows must be read as for it to make sense (`Augmentable.read_as`); none: real numbers of any meaning."""
    changes: ClassVar[bool] = True
    """Whether it does anything."""
    inside: ClassVar[bool] = False
    """Whether rows are mixed inside the network, by their embeddings; then `share` says how much of each."""

    @abstractmethod
    def partners(self, rows: int, progress: float, seed: int) -> NDArray[np.int64] | None:
        """Which row of an optimizer step each of its rows is mixed with: a pure function of its arguments.

        Args:
            rows: how many rows the step has, over all micro-batches and processes.
            progress: share of the run that is done.
            seed: of this step.

        Returns:
            [rows] places within the step, a row's own where it stays as it is; None where this step mixes nothing.
        """

    @abstractmethod
    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """One row out of two, and the share of the first in it: a pure function of its arguments.

        Args:
            first, other: real numbers without a batch axis, such as [3, H, W] pixels, [mels, frames] or [samples]; where
                the shapes differ, the smaller one is filled up with zeros at its end.
            seed: the only source of randomness.

        Returns:
            float array, and the share in [0, 1] by which the first row's truth counts.
        """

    def share(self, seed: int) -> float:
        """The share of the first row in one that is mixed inside the network: a pure function of the seed."""
        raise NotImplementedError(f"mixing {self.kind()!r} mixes rows before the network sees them")


def checked(chosen: Mixing | None, input: Input, target: Target, processor: Any) -> Mixing | None:
    """The mixing of a recipe; None where it changes nothing.

    Raises:
        InputError: rows of this input cannot be mixed, or have a truth for each element.
    """
    if chosen is None or not chosen.changes:
        return None
    if chosen.inside:
        return _checked_inside(chosen, input, target)
    if not isinstance(input, Augmentable) or not input.mixable(processor):
        raise InputError(
            f"mixing {chosen.kind()!r} with input {input.kind()!r}: its examples are no real numbers that could be averaged",
            expected="an input such as " + ", ".join(augmented_as(chosen.read_as)),
            fix="leave `mixing` out",
            place="mixing",
        )
    if chosen.read_as and input.read_as not in chosen.read_as:
        raise InputError(
            f"mixing {chosen.kind()!r} makes no sense of input {input.kind()!r}",
            expected="input " + " or ".join(augmented_as(chosen.read_as)),
            fix="mixing: mixup" if chosen.kind() != "mixup" else "leave `mixing` out",
            place="mixing",
        )
    _require_one_truth(chosen, target)
    return chosen


def _checked_inside(chosen: Mixing, input: Input, target: Target) -> Mixing:
    if not isinstance(input, Augmentable) or input.read_as not in chosen.read_as:
        raise InputError(
            f"mixing {chosen.kind()!r} with input {input.kind()!r}, which has no embeddings of tokens",
            expected="input " + " or ".join(augmented_as(chosen.read_as)),
            fix="mixing: mixup" if isinstance(input, Augmentable) else "leave `mixing` out",
            place="mixing",
        )
    _require_one_truth(chosen, target)
    return chosen


def _require_one_truth(chosen: Mixing, target: Target) -> None:
    if target.shape != "row" or shows_truth(target):
        why = "has a label for each element" if target.shape != "row" else "shows the network a part of the labels"
        raise InputError(
            f"mixing {chosen.kind()!r} with target {target.kind()!r}, which {why}",
            expected="a target with one label for each example",
            fix="leave `mixing` out",
            place="mixing",
        )
