"""A sound in a few hundred numbers: how loud each band of frequencies is, and how that changes over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.media.sound.resampling import resampled

RATE, BANDS, COEFFICIENTS = 16_000, 40, 20
PARTS = 4
"""Parts of the sound that are described each by itself."""
READ = 60.0
"""Seconds that are described: of longer sounds the beginning."""


def described(waveform: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Mean and spread of cepstral coefficients and of their changes, of the whole and of each quarter.

    Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word Recognition" (1980).

    Args:
        waveform: [samples], mono.
        rate: samples a second.
    """
    waveform = waveform[: int(READ * rate)]
    values = waveform if rate == RATE else resampled(waveform, rate, RATE)
    size, step = 400, 160
    values = np.pad(values, (0, max(0, size - len(values))))
    frames = np.lib.stride_tricks.sliding_window_view(values, size)[::step] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, 512, axis=1)) ** 2
    levels = np.log(power @ _filters().T + 1e-8)
    cepstrum = levels @ _cosines().T
    change = np.gradient(cepstrum, axis=0) if len(cepstrum) > 1 else np.zeros_like(cepstrum)
    both = np.concatenate([cepstrum, change], axis=1)
    pieces = [both, *(part if len(part) else both for part in np.array_split(both, PARTS))]
    return np.concatenate([np.concatenate([p.mean(axis=0), p.std(axis=0)]) for p in pieces]).astype(np.float32)


def _filters() -> NDArray[np.float64]:
    """[BANDS, 257] triangles whose width grows like hearing does (mel)."""
    edges = 700 * (np.exp(np.linspace(0, np.log1p(RATE / 2 / 700), BANDS + 2)) - 1)
    frequencies = np.linspace(0, RATE / 2, 257)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return filters


def _cosines() -> NDArray[np.float64]:
    order, place = np.arange(COEFFICIENTS)[:, None], np.arange(BANDS)[None] + 0.5
    cosines: NDArray[np.float64] = np.cos(np.pi * order * place / BANDS)
    return cosines
