"""Change of sampling rate by a polyphase windowed-sinc filter, in numpy alone: the server has no scipy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Waveform = NDArray[np.float32]

CROSSINGS = 32  # zero crossings of the sinc on each side
ROLLOFF = 0.945  # of the lower of the two Nyquist frequencies: where the pass band ends
KAISER = 9.0  # beta of the window: the stop band lies about 90 dB below the pass band
SPAN = 64  # samples of the higher rate that one product makes: more multiply zeros, fewer cost calls (measured)
ALONE = 2**18  # multiplications up to which OpenBLAS starts no threads
LARGEST = 100_000
"""Of two rates without a common divisor, the larger one up to which there are filters; they hold some 70 numbers for each."""
_USUAL = 2_000  # likewise: filters of half a megabyte, of which many are kept
_ROWS = 2**20  # numbers of a filter that are made at once, because each takes five of 8 bytes on the way


def resampled(waveform: Waveform, rate: int, wanted: int) -> Waveform:
    """The same sound at another rate: ceil(samples * wanted / rate) samples.

    Band-limited interpolation with a Kaiser-windowed sinc (Smith and Gossett, "A flexible sampling-rate conversion
    method", ICASSP 1984). Frequencies above the lower of both Nyquist frequencies are filtered out, and do not fold back.

    Args:
        waveform: float32 [samples].
        rate, wanted: samples a second, whole numbers above 0, `resampleable`.
    """
    up, down = _ratio(rate, wanted)
    if up == down or not len(waveform):
        return waveform
    repeats, pieces, before = (_usual_pieces if max(up, down) <= _USUAL else _large_pieces)(up, down)
    count = ceil(len(waveform) * up / down)
    blocks = ceil(count / (repeats * up))
    padded = np.zeros((blocks - 1) * repeats * down + pieces[-1].start + len(pieces[-1].weights), np.float32)
    kept = waveform[: len(padded) - before]
    padded[before : before + len(kept)] = kept
    out = np.empty((blocks, repeats * up), np.float32)
    for piece in pieces:
        inputs = windows(padded[piece.start :], len(piece.weights), repeats * down)
        columns = slice(piece.first, piece.first + piece.weights.shape[1])
        multiplied(inputs, piece.weights, out[:, columns])
    return out.reshape(-1)[:count]


def resampleable(rate: int, wanted: int) -> bool:
    """Whether there is a filter from one rate to the other: its size goes by their ratio in lowest terms.

    No recorder writes rates for which there is none, and a header that says so would take gigabytes.
    """
    return max(_ratio(rate, wanted)) <= LARGEST


def _ratio(rate: int, wanted: int) -> tuple[int, int]:
    common = gcd(rate, wanted)
    return wanted // common, rate // common


def multiplied(inputs: NDArray[Any], weights: NDArray[Any], out: NDArray[Any]) -> None:
    """Write inputs [rows, n] @ weights [n, columns] to `out`, in products so small that BLAS starts no threads for them.

    Those go on turning for a while when they are done and hold up the network's, whose training was a third slower
    (measured on two cores).
    """
    step = max(1, ALONE // weights.size)
    for start in range(0, len(out), step):
        # A copy: BLAS does not take rows that overlap.
        out[start : start + step] = np.ascontiguousarray(inputs[start : start + step]) @ weights


def windows(values: NDArray[np.float32], size: int, hop: int) -> NDArray[np.float32]:
    """[windows, size]: stretches of a row of numbers that begin a hop apart, all that lie wholly in it; no copy."""
    count, stride = 1 + (len(values) - size) // hop, values.strides[0]
    return as_strided(values, (count, size), (hop * stride, stride), writeable=False)


@dataclass(frozen=True)
class _PhasePiece:
    """Neighbouring outputs of a block as a product: inputs [windows, taps + some] @ weights.

    Attributes:
        first: the first of the outputs, counted from the beginning of the block.
        start: of the inputs, likewise.
        weights: float32 [inputs, outputs], 0 where a filter does not reach.
    """

    first: int
    start: int
    weights: NDArray[np.float32]


def _pieces(up: int, down: int) -> tuple[int, list[_PhasePiece], int]:
    """How often a block repeats `down` inputs and `up` outputs, its pieces, and the zeros that go before the sound."""
    phases = _phases(up, down)
    taps = phases.shape[1]
    repeats = max(1, round(SPAN / max(up, down)))
    size = max(1, round(SPAN * up / max(up, down)))
    pieces = []
    for first in range(0, repeats * up, size):
        places = [divmod(output * down, up) for output in range(first, min(first + size, repeats * up))]
        start = places[0][0]
        weights = np.zeros((taps + places[-1][0] - start, len(places)), np.float32)
        for column, (at, phase) in enumerate(places):
            weights[at - start : at - start + taps, column] = phases[phase]
        pieces.append(_PhasePiece(first, start, weights))
    return repeats, pieces, taps // 2 - 1


_usual_pieces = lru_cache(maxsize=64)(_pieces)
_large_pieces = lru_cache(maxsize=2)(_pieces)


def _phases(up: int, down: int) -> NDArray[np.float32]:
    """float32 [up, taps]: the filter at each of the places between two inputs at which an output may lie."""
    cutoff = ROLLOFF * min(1.0, up / down)
    half = ceil(CROSSINGS / cutoff)
    out = np.empty((up, 2 * half), np.float32)
    step = max(1, _ROWS // out.shape[1])
    for first in range(0, up, step):
        times = np.arange(-half + 1, half + 1)[None, :] - np.arange(first, min(first + step, up))[:, None] / up
        inside = np.clip(1 - (times / half) ** 2, 0, None)
        weights = cutoff * np.sinc(cutoff * times) * np.i0(KAISER * np.sqrt(inside)) / np.i0(KAISER)
        weights[np.abs(times) > half] = 0
        out[first : first + step] = weights / weights.sum(
            axis=1, keepdims=True
        )  # constants pass exactly, at every phase
    return out
