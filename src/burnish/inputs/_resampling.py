"""Change of sampling rate by a polyphase windowed-sinc filter, in numpy alone: the server has no scipy."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float32]

CROSSINGS = 32  # zero crossings of the sinc on each side
ROLLOFF = 0.945  # of the lower of the two Nyquist frequencies: where the pass band ends
FEW = 8  # phases up to which `einsum` is the faster product (measured: 1.4 to 5 times): it copies no windows
KAISER = 9.0  # beta of the window: the stop band lies about 90 dB below the pass band


def resampled(waveform: Waveform, rate: int, wanted: int) -> Waveform:
    """The same sound at another rate: ceil(samples * wanted / rate) samples.

    Band-limited interpolation with a Kaiser-windowed sinc (Smith and Gossett, "A flexible sampling-rate conversion
    method", ICASSP 1984). Frequencies above the lower of both Nyquist frequencies are filtered out, and do not fold back.

    Args:
        waveform: float32 [samples].
        rate, wanted: samples a second, whole numbers above 0.
    """
    common = gcd(rate, wanted)
    up, down = wanted // common, rate // common
    if up == down or not len(waveform):
        return waveform
    count = ceil(len(waveform) * up / down)
    phases = _phases(up, down)
    taps = phases.shape[1]
    half = taps // 2
    padded = np.pad(waveform, (half - 1, half + 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    out = np.empty(count, np.float32)
    for first in range(min(up, count)):
        # Every up-th output lies at the same place between two inputs, and the inputs are `down` samples apart.
        start, phase = divmod(first * down, up)
        own = out[first::up]
        near = windows[start::down][: len(own)]
        if up <= FEW:
            np.einsum("ij,j->i", near, phases[phase], out=own)
        else:
            own[:] = near @ phases[phase]
    return out


@lru_cache(maxsize=64)
def _phases(up: int, down: int) -> NDArray[np.float32]:
    """float32 [up, taps]: the filter at each of the places between two inputs at which an output may lie."""
    cutoff = ROLLOFF * min(1.0, up / down)
    half = ceil(CROSSINGS / cutoff)
    times = np.arange(-half + 1, half + 1)[None, :] - np.arange(up)[:, None] / up
    inside = np.clip(1 - (times / half) ** 2, 0, None)
    weights = cutoff * np.sinc(cutoff * times) * np.i0(KAISER * np.sqrt(inside)) / np.i0(KAISER)
    weights[np.abs(times) > half] = 0
    weights /= weights.sum(axis=1, keepdims=True)  # silence and constants pass exactly, at every phase
    return weights.astype(np.float32)
