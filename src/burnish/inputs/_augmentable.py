"""What inputs can do whose rows may be changed before they are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from burnish.core.batch import Array, Encoded, Example


class Change(Protocol):
    """How a training row is changed at random; augmentations are such changes."""

    def __call__(self, value: Any, seed: int) -> Any:
        """What a row was read as (an image, a waveform), changed: the same kind of thing."""

    def features(self, values: Array, seed: int) -> Array:
        """What the network reads of a sound, float32 [bands, frames], changed: the same shape."""

    def whole(self) -> Change:
        """The same without what takes a part of a row away."""


class Augmentable(ABC):
    """Its rows may be changed at random, and where they are real numbers, mixed."""

    read_as: ClassVar[str]
    """What an augmentation is given: `picture` (PIL, RGB), `waveform` (float32 [samples]), `text` (str), or your own."""

    @abstractmethod
    def mixable(self, processor: Any) -> str:
        """The encoded array of real numbers by which two rows can be mixed; empty where there is none."""

    @abstractmethod
    def augmented(
        self, examples: Sequence[Example], processor: Any, change: Change, seeds: Sequence[int]
    ) -> list[Encoded]:
        """As `encode`, with every row changed at random in between: for training rows only.

        Args:
            examples, processor: as in `encode`.
            change: what is done to a row as it was read, and for sounds to what the network reads of it.
            seeds: one a row: a pure function of run seed, epoch and row, so that a resumed run sees the same.
        """

    @abstractmethod
    def perturbed(self, example: Example, processor: Any, change: Callable[[Any, int], Any], seed: int) -> Example:
        """The row with what it was read as changed, which `encode` and `views` take: to test how much a change matters.

        Args:
            example, processor: as in `encode`.
            change: what is done to it (`read_as`).
            seed: the only source of randomness.
        """
