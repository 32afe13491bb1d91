"""A little of everything that rarely hurts a sound."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._sounds import BAND, BANDS, GAIN, SHIFT, SPEED, TIME, TIMES, Sounds


class AudioLight(Sounds):
    """Gain of up to 4 dB, speed by 5 %, a shift by 5 %, one small mask each: for few epochs or delicate sounds.

    Where pitch or tempo tells the classes apart (music, bird calls): `speed: 0`.
    """

    gain: float = Field(4.0, ge=0, le=40, description=GAIN)
    speed: float = Field(0.05, ge=0, lt=0.5, description=SPEED)
    shift: float = Field(0.05, ge=0, lt=1, description=SHIFT)
    frequency_masks: int = Field(1, ge=0, le=10, description=BANDS)
    frequency_width: float = Field(0.1, ge=0, lt=1, description=BAND)
    time_masks: int = Field(1, ge=0, le=10, description=TIMES)
    time_width: float = Field(0.05, ge=0, lt=1, description=TIME)
