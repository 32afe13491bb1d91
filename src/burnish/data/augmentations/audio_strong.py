"""For long trainings on few sounds."""

from __future__ import annotations

from pydantic import Field

from burnish.data.augmentations._sounds import BAND, BANDS, GAIN, NOISE, SHIFT, SNR, SPEED, TIME, TIMES, Sounds


class AudioStrong(Sounds):
    """Gain of up to 10 dB, speed by 20 %, a shift by 20 %, noise on two examples of three, wide masks: for many epochs.

    Where pitch or tempo tells the classes apart (music, bird calls): `speed: 0`.
    """

    gain: float = Field(10.0, ge=0, le=40, description=GAIN)
    speed: float = Field(0.2, ge=0, lt=0.5, description=SPEED)
    shift: float = Field(0.2, ge=0, lt=1, description=SHIFT)
    noise: float = Field(0.67, ge=0, le=1, description=NOISE)
    signal_to_noise: tuple[float, float] = Field((3.0, 30.0), description=SNR)
    frequency_masks: int = Field(2, ge=0, le=10, description=BANDS)
    frequency_width: float = Field(0.25, ge=0, lt=1, description=BAND)
    time_masks: int = Field(2, ge=0, le=10, description=TIMES)
    time_width: float = Field(0.2, ge=0, lt=1, description=TIME)
