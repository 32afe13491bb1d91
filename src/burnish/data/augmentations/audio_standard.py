"""What most published trainings on sounds use."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._sounds import BANDS, GAIN, NOISE, SHIFT, SPEED, TIMES, Sounds


class AudioStandard(Sounds):
    """Gain of up to 6 dB, speed by 10 %, a shift by 10 %, noise on a third of the examples, two masks each way.

    Where pitch or tempo tells the classes apart (music, bird calls): `speed: 0`.
    """

    gain: float = Field(6.0, ge=0, le=40, description=GAIN)
    speed: float = Field(0.1, ge=0, lt=0.5, description=SPEED)
    shift: float = Field(0.1, ge=0, lt=1, description=SHIFT)
    noise: float = Field(0.33, ge=0, le=1, description=NOISE)
    frequency_masks: int = Field(2, ge=0, le=10, description=BANDS)
    time_masks: int = Field(2, ge=0, le=10, description=TIMES)
