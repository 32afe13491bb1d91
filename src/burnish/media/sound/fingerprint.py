"""What a sound is like, in a few hundred numbers that loudness, rate and compression hardly change."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

SLICES, BANDS = 32, 24
"""Parts of the sound, and of the range of frequencies."""
LOWEST, HIGHEST = 150.0, 3800.0
"""Hertz between which it is compared: what a telephone carries."""
QUIET = -20.0
"""dB below the loudest moment: what is softer at the beginning and the end is cut off."""
RANGE = 30.0
"""dB below the loudest number that are told apart."""
READ = 120.0
"""Seconds that are compared: of longer sounds the beginning."""
_STEP, _WINDOW = 0.005, 0.032


def fingerprint(waveform: NDArray[np.float32], rate: int) -> str:
    """`SLICES` x `BANDS` loudness values of a byte each, in base64.

    Empty where there is nothing to be heard.

    Args:
        waveform: [samples], mono.
        rate: samples a second.
    """
    bands = _bands(waveform[: int(READ * rate)], rate)
    if bands is None:
        return ""
    total = 10 * np.log10(bands.sum(axis=1) + 1e-12)
    loud = np.flatnonzero(total > total.max() + QUIET)
    bands = bands[loud[0] : loud[-1] + 1]
    edges = np.linspace(0, len(bands), SLICES + 1)
    cells = np.stack([_mean(bands, edges[i], edges[i + 1]) for i in range(SLICES)])
    levels = 10 * np.log10(cells + 1e-12)
    shown = np.clip((levels - levels.max() + RANGE) / RANGE, 0, 1)
    values = np.round(255 * shown).astype(np.uint8)
    return base64.b64encode(values.tobytes()).decode("ascii")


def values_of(written: str) -> NDArray[np.uint8]:
    """[SLICES x BANDS] values of what `fingerprint` wrote."""
    return np.frombuffer(base64.b64decode(written), np.uint8)


def _mean(bands: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    low = min(int(start), len(bands) - 1)
    mean: NDArray[np.float64] = bands[low : max(low + 1, int(np.ceil(stop)))].mean(axis=0)
    return mean


def _bands(waveform: NDArray[np.float32], rate: int) -> NDArray[np.float64] | None:
    """[frames, BANDS] power in bands that grow like hearing does (mel); None where all is silent."""
    size, step = max(16, int(_WINDOW * rate)), max(1, int(_STEP * rate))
    if len(waveform) < size:
        waveform = np.pad(waveform, (0, size - len(waveform)))
    count = 1 + (len(waveform) - size) // step
    window = np.hanning(size).astype(np.float32)
    edges = 700 * (np.exp(np.linspace(np.log1p(LOWEST / 700), np.log1p(HIGHEST / 700), BANDS + 1)) - 1)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    inside = (frequencies[None] >= edges[:-1, None]) & (frequencies[None] < edges[1:, None])
    nearest = np.abs(frequencies[None] - (edges[:-1, None] + edges[1:, None]) / 2).argmin(axis=1)
    inside[np.arange(BANDS), nearest] = True
    pieces = []
    for start in range(0, count, 4096):  # a long sound is not held in memory as a whole
        places = step * np.arange(start, min(start + 4096, count))
        frames = waveform[places[:, None] + np.arange(size)] * window
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        pieces.append(power @ (inside / inside.sum(axis=1, keepdims=True)).T)
    bands = np.concatenate(pieces).astype(np.float64)
    return bands if bands.max() > 1e-8 else None
