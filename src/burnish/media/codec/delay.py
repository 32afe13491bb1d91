"""The delay pattern of MusicGen (Copet et al. 2023, arXiv 2306.05284): each codebook begins one step after the one below it.

At a step a network sees all codes of the steps before. Code k of a frame is thus told by codes 0 to k - 1 of the same frame,
and as many steps are taken as there are frames, and not codebooks times as many. With two codebooks and three frames::

    codes   a0 a1 a2      delayed   a0 a1 a2 .
            b0 b1 b2                .  b0 b1 b2
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnish.core.batch import Array


def delays(codebooks: int, channels: int) -> tuple[int, ...]:
    """By how many steps each codebook is late; those of the two channels of stereo take turns, and are late alike."""
    return tuple(codebook // channels for codebook in range(codebooks))


def delayed(codes: Array, late: Sequence[int], filler: int) -> Array:
    """Codes [K, T] in the order in which they are written, [K, T + max(late)], `filler` where a codebook has none."""
    length = codes.shape[1]
    out = np.full((len(late), length + max(late)), filler, codes.dtype)
    for codebook, by in enumerate(late):
        out[codebook, by : by + length] = codes[codebook]
    return out


def undelayed(written: Array, late: Sequence[int]) -> Array:
    """The other way: codes [K, T] of [K, T + max(late)], what is written before and behind them cut off."""
    length = written.shape[1] - max(late)
    return np.stack([written[codebook, by : by + length] for codebook, by in enumerate(late)])


def begun(steps: int, late: Sequence[int]) -> Array:
    """bool [K, steps]: at which steps a codebook has begun."""
    return np.arange(steps)[None, :] >= np.array(late)[:, None]
