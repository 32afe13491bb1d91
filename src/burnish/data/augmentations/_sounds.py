"""What the augmentations of sounds have in common: changes of the waveform, and masks over what the network reads."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PrivateAttr, field_validator

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.augmentations import Augmentation
from burnish.media.sound.resampling import Waveform, resampled

GAIN = "Louder or softer by up to so many dB."
SPEED = "Faster or slower by up to this share; pitch goes with it. 0 where pitch tells the classes apart."
SHIFT = "Later (silence before) or earlier (its beginning lost) by up to this share of the sound."
NOISE = "Share of examples that get noise."
SNR = "Signal-to-noise ratio of the noise in dB: least and most."
BANDS = "Masks over frequencies (SpecAugment); none on waveform checkpoints."
BAND = "Greatest width of a frequency mask, as a share of the bands."
TIMES = "Masks over time (SpecAugment); stretches of silence on waveform checkpoints."
TIME = "Greatest width of a time mask, as a share of the view, so that short sounds are never masked whole."
_STEPS = 100  # speeds are whole percents: each has one resampling filter


class Sounds(Augmentation):
    """Speed, shift, gain and noise of the waveform, then masks over time and frequency, in this order."""

    read_as: ClassVar[tuple[str, ...]] = ("waveform",)
    gain: float = Field(0.0, ge=0, le=40, description=GAIN)
    speed: float = Field(0.0, ge=0, lt=0.5, description=SPEED)
    shift: float = Field(0.0, ge=0, lt=1, description=SHIFT)
    noise: float = Field(0.0, ge=0, le=1, description=NOISE)
    signal_to_noise: tuple[float, float] = Field((10.0, 30.0), description=SNR)
    frequency_masks: int = Field(0, ge=0, le=10, description=BANDS)
    frequency_width: float = Field(0.15, ge=0, lt=1, description=BAND)
    time_masks: int = Field(0, ge=0, le=10, description=TIMES)
    time_width: float = Field(0.1, ge=0, lt=1, description=TIME)

    _earlier: bool = PrivateAttr(True)

    @field_validator("signal_to_noise")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] > value[1]:
            raise ValueError("the least ratio is above the most")
        return value

    def __call__(self, value: Any, seed: int) -> Waveform:
        """float32 [samples] changed; with another speed it has another length."""
        random = generator(seed, "sound")
        waveform = _sped(value, self.speed, random)
        waveform = _shifted(waveform, self.shift, random, earlier=self._earlier)
        gain = 10 ** (random.uniform(-self.gain, self.gain) / 20)
        if random.random() < self.noise:
            waveform = with_noise(waveform, random.uniform(*self.signal_to_noise), random)
        return (waveform * np.float32(gain)).astype(np.float32)

    def whole(self) -> Sounds:
        """With shifts to later only: a shift to earlier takes the beginning of a sound away."""
        later = self.model_copy()
        later._earlier = False
        return later

    def features(self, values: Array, seed: int) -> Array:
        """[bands, frames] with masked stretches at the mean of all values (Park et al., 2019, arXiv:1904.08779).

        Widths are drawn from 0 to a share of what there is, as in the adaptive masks of arXiv:1912.05533: no sound is too
        short for them.
        """
        random = generator(seed, "masks")
        out = np.array(values, np.float32)
        mean = np.float32(values.mean())
        for _ in range(self.frequency_masks):
            start, end = _stretch(out.shape[0], self.frequency_width, random)
            out[start:end] = mean
        for _ in range(self.time_masks):
            start, end = _stretch(out.shape[1], self.time_width, random)
            out[:, start:end] = mean
        return out


def _sped(waveform: Waveform, most: float, random: np.random.Generator) -> Waveform:
    percent = round(_STEPS * (1 + random.uniform(-most, most)))
    return resampled(waveform, percent, _STEPS)


def _shifted(waveform: Waveform, most: float, random: np.random.Generator, *, earlier: bool) -> Waveform:
    share = random.uniform(-most, most)
    samples = max(round(len(waveform) * (share if earlier else abs(share))), 1 - len(waveform))
    return np.pad(waveform, (samples, 0)) if samples > 0 else waveform[-samples:]


def with_noise(waveform: Waveform, decibels: float, random: np.random.Generator) -> Waveform:
    """White noise added, so many dB below the sound's own power; silence stays silent."""
    power = float(np.mean(np.square(waveform, dtype=np.float64))) if len(waveform) else 0.0
    noise = random.standard_normal(len(waveform), dtype=np.float32)
    return (waveform + noise * np.float32(np.sqrt(power / 10 ** (decibels / 10)))).astype(np.float32)


def _stretch(length: int, share: float, random: np.random.Generator) -> tuple[int, int]:
    """Start and end of a mask; empty where the length has no room for one."""
    width = int(random.integers(0, int(share * length) + 1))
    start = int(random.integers(0, length - width + 1))
    return start, start + width
