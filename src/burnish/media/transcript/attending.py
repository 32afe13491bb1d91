"""Where the tokens and words of a transcript stand in their sound, by what a decoder that writes them looks at.

The cross-attention of some heads follows the sound. Its weights are normalised over the tokens, smoothed in time, and the best
way through them from the first token to the last, never back, is found by dynamic time warping, as Whisper does it
(Radford et al., 2022, arXiv:2212.04356; the authors' program). Times are rougher than those of forced alignment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from burnish.core.generated import TokenTimes
from burnish.media.transcript.aligning import TimedWord, TokenSpan, by_words

SMOOTHED = 7
"""States over which weights are smoothed by their median."""
LONGEST = 0.7
"""Seconds that are taken for the usual length of a word at most: one is never more than twice as long."""

Weights = NDArray[np.float64]


def token_begins(attention: Weights, prompt: int) -> NDArray[np.int64]:
    """The state at which each of T tokens begins, and that at which the last one ends: int64 [T + 1], never falling.

    Args:
        attention: float [H, prompt + T, L], weights of H heads; each row is a distribution over L states.
        prompt: rows of what the decoder begins with; the last of them is the one from which the first token was written.
    """
    middle, spread = attention.mean(axis=1, keepdims=True), attention.std(axis=1, keepdims=True)
    sharp = _smoothed((attention - middle) / np.maximum(spread, 1e-9)).mean(axis=0)
    tokens, states = _path(-sharp[prompt - 1 :])
    begun: NDArray[np.int64] = states[np.concatenate([[True], np.diff(tokens) > 0])]
    return begun


def _smoothed(values: Weights) -> Weights:
    """The median over neighbouring states; the ends are mirrored."""
    half = SMOOTHED // 2
    if values.shape[-1] <= half:
        return values
    padded = np.pad(values, ((0, 0), (0, 0), (half, half)), mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED, axis=-1), axis=-1)


def _path(costs: Weights) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cheapest way from the first corner of [N, L] to the last: one on in rows, in columns, or in both at each step."""
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row in range(rows):
        # min(from above, from the left) along a row, as a running minimum of what precedes each of its places.
        above = np.minimum(total[row, :-1], total[row, 1:])
        before = np.cumsum(costs[row])
        total[row + 1, 1:] = before + np.minimum.accumulate(above - before + costs[row])
    row, column = rows, columns
    steps = []
    while row and column:
        steps.append((row - 1, column - 1))
        ways = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        best = int(np.argmin(ways))
        row, column = row - (best != 2), column - (best != 1)
    way = np.array(steps[::-1], np.int64)
    return way[:, 0], way[:, 1]


def attended_words(
    ids: Sequence[int], times: TokenTimes, text: Callable[[Sequence[int]], str], seconds: float
) -> list[TimedWord]:
    """The words of a transcript with their times.

    Args:
        ids: of its T tokens.
        times: of them.
        text: ids to text, as the tokenizer writes them.
        seconds: that the sound lasts: no word ends later.

    Returns:
        The words of the text in order; of scripts without spaces each character. A pause belongs to no word: one that would
        last longer than twice the usual length is cut, the first at its beginning and the others at their end.
    """
    spans = [TokenSpan(place, place + 1, float(log)) for place, log in zip(range(len(ids)), times.logs, strict=True)]
    out = []
    for word, own in by_words(ids, spans, text):
        first, last = own[0].first, own[-1].end
        start, end = (min(float(times.begins[place]), seconds) for place in (first, last))
        confidence = math.exp(sum(span.log for span in own) / len(own))
        out.append(TimedWord(word, start, end, min(1.0, confidence)))
    if not out:
        return out
    most = 2 * min(LONGEST, float(np.median([word.end - word.start for word in out])))
    shortened = [replace(word, end=min(word.end, word.start + most)) for word in out]
    if out[0].end - out[0].start > most:
        shortened[0] = replace(out[0], start=out[0].end - most)
    return shortened
