"""Where the tokens and words of a transcript stand in their sound, by the frames of a CTC network.

Forced alignment: of all ways to spread the labels over the frames the most probable one (Viterbi on the trellis of
Graves et al. 2006, with the blanks before, between and after the labels).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.media.text.words import words

Frames = NDArray[np.float64]


@dataclass(frozen=True)
class TokenSpan:
    """Where a label is.

    Attributes:
        first: its first frame.
        end: the frame behind its last one; blanks between labels belong to none.
        log: sum of the logs of its probability in its frames, in nats.
    """

    first: int
    end: int
    log: float


@dataclass(frozen=True)
class TimedWord:
    """A word in its sound.

    Attributes:
        word: as it is written.
        start, end: in seconds from the first frame.
        confidence: the geometric mean of the probabilities of its labels in their frames, 0 to 1.
    """

    word: str
    start: float
    end: float
    confidence: float


def forced(logs: Frames, labels: Sequence[int], blank: int = 0) -> list[TokenSpan]:
    """The most probable place of each label.

    Args:
        logs: float [T, V], logs of probabilities of each frame.
        labels: L token ids, without blanks.
        blank: the token that stands for nothing.

    Returns:
        L spans, one behind the other.

    Raises:
        ValueError: fewer frames than labels and blanks between equal neighbours, or no way that is possible.
    """
    ids = np.array(labels, np.int64)
    needed = len(ids) + int((ids[1:] == ids[:-1]).sum())
    if needed > len(logs):
        raise ValueError(f"{len(ids)} labels need {needed} frames, and there are {len(logs)}")
    if not len(ids):
        return []
    states = _states(logs, ids, blank)
    if states is None:
        raise ValueError("the network rules these labels out")
    spans = []
    for place, token in enumerate(ids):
        own = np.flatnonzero(states == 2 * place + 1)
        spans.append(TokenSpan(int(own[0]), int(own[-1]) + 1, float(logs[own, token].sum())))
    return spans


def _states(logs: Frames, ids: NDArray[np.int64], blank: int) -> NDArray[np.int64] | None:
    """[T] the state of each frame on the best way: 2i + 1 is label i, even ones are blanks; None where all are impossible."""
    tokens = np.full(2 * len(ids) + 1, blank)
    tokens[1::2] = ids
    may_skip = np.zeros(len(tokens), np.bool_)  # from label to label, past the blank between
    may_skip[3::2] = ids[1:] != ids[:-1]
    best = np.full(len(tokens), -np.inf)
    best[:2] = logs[0, tokens[:2]]
    steps = np.zeros((len(logs), len(tokens)), np.int8)
    for time in range(1, len(logs)):
        ways = np.full((3, len(tokens)), -np.inf)
        ways[0], ways[1, 1:] = best, best[:-1]
        ways[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        steps[time] = ways.argmax(axis=0)
        best = ways.max(axis=0) + logs[time, tokens]
    state = len(tokens) - 1 - int(best[-2] > best[-1])
    if not np.isfinite(best[state]):
        return None
    out = np.empty(len(logs), np.int64)
    for time in range(len(logs) - 1, -1, -1):
        out[time] = state
        state -= int(steps[time, state])
    return out


def timed_words(
    frames: Frames,
    labels: Sequence[int],
    text: Callable[[Sequence[int]], str],
    seconds_per_frame: float,
    blank: int = 0,
) -> list[TimedWord]:
    """The words of a labelling with their times.

    Args:
        frames: float [T, V], logits of each frame, or logs of their probabilities.
        labels: token ids, without blanks.
        text: ids to text, as the tokenizer writes them.
        seconds_per_frame: how far apart frames are.
        blank: the token that stands for nothing.

    Returns:
        The words of the text in order; of scripts without spaces each character.

    Raises:
        ValueError: as `forced`.
    """
    values = frames.astype(np.float64)
    logs = values - np.logaddexp.reduce(values, axis=-1, keepdims=True)
    found = by_words(labels, forced(logs, labels, blank), text)
    return [_timed(word, spans, seconds_per_frame) for word, spans in found]


def by_words(
    labels: Sequence[int], spans: Sequence[TokenSpan], text: Callable[[Sequence[int]], str]
) -> list[tuple[str, list[TokenSpan]]]:
    """The words of a text, each with the spans of the tokens that begin in it; arguments as of `timed_words`."""
    whole = text(labels)
    written = [word for start, end in words(whole) if (word := whole[start:end].strip())]
    own: list[list[TokenSpan]] = [[] for _ in written]
    count = 0
    for place, span in enumerate(spans, start=1):
        before, count = count, _letters(text(labels[:place]))
        if count > before:
            own[_word_of(written, before)].append(span)
    return [(word, some) for word, some in zip(written, own, strict=True) if some]


def _letters(text: str) -> int:
    """Characters that are no white space."""
    return len("".join(text.split()))


def _word_of(written: Sequence[str], letters: int) -> int:
    """The word in which the next letter stands, where so many stand before."""
    for place, word in enumerate(written):
        letters -= len(word)
        if letters < 0:
            return place
    return len(written) - 1


def _timed(word: str, spans: Sequence[TokenSpan], seconds: float) -> TimedWord:
    frames = sum(span.end - span.first for span in spans)
    confidence = math.exp(sum(span.log for span in spans) / frames)
    return TimedWord(word, spans[0].first * seconds, spans[-1].end * seconds, min(1.0, confidence))
