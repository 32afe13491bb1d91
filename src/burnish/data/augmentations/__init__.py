"""Augmentations: training rows changed at random, so that the network learns what does not matter. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.inputs import Augmentable, Input, Rewritable, augmented_as


class Augmentation(Component):
    """How training rows are changed at random. Validation and test rows never are."""

    axis: ClassVar[str] = "burnish.data.augmentations"
    read_as: ClassVar[tuple[str, ...]] = ()
    """What it is given of a row (`Augmentable.read_as`, `Rewritable.read_as`); none: it changes nothing, and goes with all."""
    changes: ClassVar[bool] = True
    """Whether it does anything; where not, training rows are read as validation rows are."""

    @abstractmethod
    def __call__(self, value: Any, seed: int) -> Any:
        """What a row was read as, changed: a pure function of value and seed, safe in worker processes.

        Args:
            value: `PIL.Image.Image` in mode RGB for images; float32 [samples] for sounds; str for texts; an `AskedTune` for
                tunes.
            seed: the only source of randomness.

        Returns:
            The same kind of thing; an image may have another size.
        """

    def features(self, values: Array, seed: int) -> Array:
        """What the network reads of a sound, float32 [bands, frames], changed as SpecAugment does; unchanged by default.

        Sounds are changed twice: the waveform by `__call__`, then its spectrogram here, where masks of time and
        frequency belong. Pure, as `__call__` is, and of the same shape. Of a waveform checkpoint, `values` is [1, samples].
        """
        return values

    def whole(self) -> Augmentation:
        """The same without what takes a part of a row away: for rows whose truth says everything that is in them."""
        return self


def require_augmentable(chosen: Augmentation | None, input: Input) -> None:
    """That rows of an input are of the kind that an augmentation changes.

    Raises:
        InputError: they are not.
    """
    if chosen is None or (
        isinstance(input, Augmentable | Rewritable) and (not chosen.read_as or input.read_as in chosen.read_as)
    ):
        return
    raise InputError(
        f"augmentation {chosen.kind()!r} does not change input {input.kind()!r}",
        expected="one for " + ", ".join(augmented_as(chosen.read_as)),
        place="augmentation",
    )
