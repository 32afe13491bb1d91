"""Spectrograms as the networks of several libraries were trained on them, in numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.media.sound.resampling import Waveform, multiplied, windows

Matrix = NDArray[np.float32]
_BLOCK = 4096  # frames transformed at once, so that memory does not grow with the recording
_BANDS = 8  # of a spectrogram made by one product: more reach over bins that are not theirs


@dataclass(frozen=True)
class _Kaldi:
    """What Kaldi's `fbank` is made with, at 16 kHz: samples, Hz, and the least of a band before the logarithm."""

    window: int = 400
    hop: int = 160
    transform: int = 512
    lowest: float = 20.0
    emphasis: float = 0.97
    floor: float = 1.192092955078125e-07


KALDI = _Kaldi()


def log_mel(
    waveform: Waveform,
    *,
    rate: int,
    window: int,
    hop: int,
    transform: int,
    mels: int,
    lowest: float,
    highest: float,
    power: float,
    offset: float,
) -> Matrix:
    """float32 [mels, frames]: log(mel + offset), triangles of height 1 on the mel scale, as Kaldi and TensorFlow draw them.

    Frames lie wholly inside the sound (no padding): 1 + (samples - window) // hop of them.

    Args:
        waveform: float32 [samples], at least `window` of them.
        rate: samples a second.
        window, hop, transform: samples in a frame (periodic Hann), between frames, and of the Fourier transform.
        mels: bands from `lowest` to `highest` Hz.
        power: 1 for magnitudes, 2 for powers.
        offset: added before the logarithm.
    """
    filters = _pieces("kaldi", mels, transform, rate, lowest, highest)
    return np.log(_bands(waveform, hann(window), hop, transform, filters, power) + offset).astype(np.float32)


def kaldi_log_mel(waveform: Waveform, *, rate: int, mels: int, frames: int) -> Matrix:
    """float32 [frames, mels] as Kaldi's `fbank`, padded with zeros or cut to `frames`: what AST reads.

    25 ms in steps of 10 ms (at 16 kHz), symmetric Hann, offset removed and pre-emphasis 0.97 in each frame.
    """
    filters = _pieces("kaldi", mels, KALDI.transform, rate, KALDI.lowest, rate // 2)
    out = np.zeros((frames, mels), np.float32)
    if len(waveform) >= KALDI.window:
        taper = kaldi_window()
        bands = _bands(waveform, taper, KALDI.hop, KALDI.transform, filters, 2.0, emphasis=KALDI.emphasis)
        levels = np.log(np.maximum(KALDI.floor, bands))
        kept = min(frames, levels.shape[1])
        out[:kept] = levels.T[:kept]
    return out


def whisper_log_mel(waveform: Waveform, *, rate: int, mels: int, window: int, hop: int) -> Matrix:
    """float32 [mels, frames] as Whisper reads it (Radford et al., 2022, arXiv:2212.04356); the waveform padded already.

    Centred frames with reflected ends, powers, Slaney's mel scale and norm up to 8 kHz, log10 within 8 of the largest.
    """
    filters = _pieces("slaney", mels, window, rate, 0.0, 8000.0)
    padded = np.pad(waveform, window // 2, mode="reflect")
    bands = np.log10(np.maximum(1e-10, _bands(padded, hann(window), hop, window, filters, 2.0)))[:, :-1]
    scaled: Matrix = ((np.maximum(bands, bands.max() - 8.0) + 4.0) / 4.0).astype(np.float32)
    return scaled


def kaldi_window() -> NDArray[np.float64]:
    """The symmetric Hann window of Kaldi's frames."""
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(KALDI.window) / (KALDI.window - 1))
    return window


@lru_cache(maxsize=32)
def hann(window: int) -> NDArray[np.float64]:
    """[window] of a periodic Hann window, not to be written into."""
    taper: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    taper.flags.writeable = False
    return taper


@dataclass(frozen=True)
class _BandPiece:
    """Neighbouring bands as a product: sizes [frames, bins] @ weights.

    Attributes:
        bins: of the Fourier transform, those which any of the bands reaches.
        bands: which they are.
        weights: [bins, bands].
    """

    bins: slice
    bands: slice
    weights: NDArray[np.float64]


def _bands(
    waveform: Waveform,
    window: NDArray[np.float64],
    hop: int,
    transform: int,
    filters: Sequence[_BandPiece],
    power: float,
    emphasis: float | None = None,
) -> NDArray[np.float64]:
    """[bands, frames] of |short-time Fourier transform| ** power."""
    frames = windows(waveform, len(window), hop)
    out = np.empty((filters[-1].bands.stop, len(frames)))
    for start in range(0, len(frames), _BLOCK):
        some = frames[start : start + _BLOCK].astype(np.float64)
        if emphasis is not None:
            some = some - some.mean(axis=1, keepdims=True)
            some = some - emphasis * np.concatenate([some[:, :1], some[:, :-1]], axis=1)
        sizes = np.abs(np.fft.rfft(some * window, transform, axis=1))
        _filter(sizes if power == 1 else sizes**power, filters, out[:, start : start + _BLOCK])
    return out


def _filter(sizes: NDArray[np.float64], filters: Sequence[_BandPiece], out: NDArray[np.float64]) -> None:
    """Write the bands of these sizes, [frames, bins], to `out`, [bands, frames]."""
    for piece in filters:
        multiplied(sizes[:, piece.bins], piece.weights, out[piece.bands].T)


@lru_cache(maxsize=32)
def _pieces(scale: str, mels: int, transform: int, rate: int, lowest: float, highest: float) -> list[_BandPiece]:
    """`mel_filters` in pieces of a few bands, with the bins that these reach."""
    filters = mel_filters(scale, mels, transform, rate, lowest, highest)
    pieces = []
    for first in range(0, mels, _BANDS):
        part = filters[first : first + _BANDS]
        reached = np.flatnonzero((part > 0).any(axis=0))
        bins = slice(int(reached[0]), int(reached[-1]) + 1) if len(reached) else slice(0, 1)
        pieces.append(_BandPiece(bins, slice(first, first + len(part)), np.ascontiguousarray(part[:, bins].T)))
    return pieces


@lru_cache(maxsize=32)
def mel_filters(scale: str, mels: int, transform: int, rate: int, lowest: float, highest: float) -> NDArray[np.float64]:
    """[mels, transform // 2 + 1] triangles over the bins of a Fourier transform.

    `kaldi`: height 1, straight over mels, 1127 ln(1 + f / 700). `slaney`: area 1, straight over Hz, corners on the scale
    that is linear below 1 kHz and logarithmic above.
    """
    bins = np.arange(transform // 2 + 1) * rate / transform
    first, last = _to_mel(scale, np.array([lowest, highest])).tolist()
    corners = np.linspace(first, last, mels + 2)
    if scale == "kaldi":
        places = _to_mel(scale, bins)
    else:
        places, corners = bins, _slaney_hertz(corners)
    steps = np.diff(corners)[:, None]
    slopes = corners[:, None] - places[None, :]
    filters = np.maximum(0.0, np.minimum(-slopes[:-2] / steps[:-1], slopes[2:] / steps[1:]))
    if scale == "slaney":
        filters = filters * (2.0 / (corners[2:] - corners[:-2]))[:, None]
    return np.asarray(filters, np.float64)


_BREAK, _LINEAR, _STEP = 1000.0, 200.0 / 3, 27.0 / np.log(6.4)  # Slaney's Auditory Toolbox, 1998


def _to_mel(scale: str, hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    if scale == "slaney":
        high = _BREAK / _LINEAR + np.log(np.maximum(hertz, _BREAK) / _BREAK) * _STEP
        return np.where(hertz < _BREAK, hertz / _LINEAR, high)
    return np.asarray(1127.0 * np.log1p(hertz / 700.0))


def _slaney_hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    start = _BREAK / _LINEAR
    return np.where(mels < start, mels * _LINEAR, _BREAK * np.exp((np.maximum(mels, start) - start) / _STEP))


def place_of(scale: str, hertz: float, lowest: float, highest: float) -> float:
    """Where a frequency lies between the lowest band (0) and the highest (1) of `mel_filters`."""
    at, low, high = _to_mel(scale, np.array([hertz, lowest, highest], np.float64)).tolist()
    return float((at - low) / (high - low))


_COLOURS = np.array(  # dark blue over violet and orange to light yellow: brightness alone tells the order
    [[6, 8, 36], [46, 16, 96], [104, 26, 122], [168, 46, 96], [222, 86, 58], [248, 150, 50], [252, 236, 170]],
    np.float64,
)


def shaded(values: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 [height, width, 3]: values [height, width] from 0 to 1 in shades of which the brighter is the larger."""
    places = np.linspace(0, 1, len(_COLOURS))
    return np.stack([np.interp(values, places, _COLOURS[:, c]) for c in range(3)], axis=-1).round().astype(np.uint8)
