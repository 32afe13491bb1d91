"""How faithful a codec is to a recording: what comes back from its codes, beside what went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW, HOP = 1024, 512
FLOOR = 80.0
"""dB below the loudest place of a recording: what is softer is not compared."""
AT_FULL_SCALE = 0.999


@dataclass(frozen=True)
class Faithfulness:
    """A window of a recording, and what a codec makes of it.

    Attributes:
        ratio: signal to noise in dB, where the noise is the difference of what comes back; below 0 the difference is louder
            than the sound.
        distance: log-spectral distance in dB: over all frames, the mean of the root mean square difference of the bands.
        loudness: of what went in, root mean square in dB below full scale.
        clipped: share of its samples at full scale.
    """

    ratio: float
    distance: float
    loudness: float
    clipped: float


def faithfulness(samples: NDArray[np.float32], returned: NDArray[np.float32]) -> Faithfulness:
    """Both float32 [channels, samples]; what comes back is a little longer."""
    length = min(samples.shape[1], returned.shape[1])
    given, got = samples[:, :length].astype(np.float64), returned[:, :length].astype(np.float64)
    power, noise = float(np.square(given).mean()), float(np.square(given - got).mean())
    return Faithfulness(
        _decibels(power) - _decibels(noise),
        _distance(given.mean(axis=0), got.mean(axis=0)),
        _decibels(power),
        float((np.abs(samples) >= AT_FULL_SCALE).mean()),
    )


def _decibels(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-14)))


def _distance(given: NDArray[np.float64], got: NDArray[np.float64]) -> float:
    spectra = [_spectrum(one) for one in (given, got)]
    loudest = max(float(spectra[0].max()), 1e-14)
    levels = [10 * np.log10(np.maximum(one, loudest * 10 ** (-FLOOR / 10))) for one in spectra]
    return float(np.sqrt(np.square(levels[0] - levels[1]).mean(axis=1)).mean())


def _spectrum(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power [frames, bands]."""
    padded = np.pad(wave, (0, max(0, WINDOW - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power: NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)))
    return power
