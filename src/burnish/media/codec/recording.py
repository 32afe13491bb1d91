"""Recordings for a codec: at its rate, with its channels, cut into windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.media.sound.reading import channels_of
from burnish.media.sound.resampling import resampleable, resampled

LONGEST = 30.0
"""Seconds that MusicGen was trained to write at once: beyond it falls apart."""


@dataclass(frozen=True)
class Stretch:
    """A part of a recording.

    Attributes:
        start: where it begins, in seconds.
        samples: float32 [channels, samples].
    """

    start: float
    samples: NDArray[np.float32]


def recording(data: bytes, rate: int, channels: int) -> NDArray[np.float32]:
    """The sound of a file at a rate, float32 [channels, samples]: mono is doubled for stereo, stereo averaged for mono.

    Raises:
        InputError: not a sound, or a sampling rate that no recorder writes.
    """
    stored, stored_rate = channels_of(data)
    if not resampleable(stored_rate, rate):
        raise InputError(
            f"its header says {stored_rate:,} samples a second",
            expected="a usual sampling rate, such as 32,000 or 44,100",
            fix="make the file again, or correct its header",
        )
    if channels == 1 or len(stored) > 2:
        stored = stored.mean(axis=0, keepdims=True, dtype=np.float32)
    at_rate = np.stack([resampled(np.ascontiguousarray(one), stored_rate, rate) for one in stored])
    return np.repeat(at_rate, channels, axis=0) if len(at_rate) < channels else at_rate


def windows(whole: NDArray[np.float32], rate: int, seconds: float, least: float) -> Iterator[Stretch]:
    """The windows of a recording, one behind the other; of a recording that fits into one, the whole.

    Args:
        whole: float32 [channels, samples].
        rate: samples a second.
        seconds: of a window.
        least: share of a window below which what is left behind the last whole one is left out.
    """
    size = round(seconds * rate)
    for first in range(0, max(1, whole.shape[1]), size):
        samples = whole[:, first : first + size]
        if first == 0 or samples.shape[1] >= least * size:
            yield Stretch(first / rate, samples)
