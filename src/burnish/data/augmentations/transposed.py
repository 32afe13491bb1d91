from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator

from burnish.core.seeds import generator
from burnish.data.augmentations import Augmentation


class Transposed(Augmentation):
    """Tunes in another key in each epoch, drawn anew: notation, chord symbols, and the key in the caption move along."""

    read_as: ClassVar[tuple[str, ...]] = ("tune",)
    lowest: int = Field(
        -5, ge=-24, le=24, description="Semitones that a tune is moved by at least; below 0 is downwards."
    )
    highest: int = Field(6, ge=-24, le=24, description="Semitones that it is moved by at most.")

    @model_validator(mode="after")
    def _rising(self) -> Transposed:
        if self.lowest > self.highest:
            raise ValueError("the lowest move is above the highest")
        return self

    def __call__(self, value: Any, seed: int) -> Any:
        """An `AskedTune` in another key; each move is as likely as the others.

        Raises:
            InputError: the tune cannot be read, or leaves what MIDI has pitches for.
        """
        return value.moved(int(generator(seed, "transposed").integers(self.lowest, self.highest + 1)))
