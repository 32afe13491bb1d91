"""Forced alignment: the best of all paths by brute force, feasible exactly where CTC is, and the times of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest

from burnish.decoders._stepwise import log_softmax
from burnish.media.transcript.aligning import TimedWord, forced, timed_words
from tests.contracts.test_decoders import labelling

TEXT = "-ab |é"


def spelled(ids: Sequence[int]) -> str:
    return "".join(TEXT[i] for i in ids).replace("|", " ").strip()


@pytest.mark.parametrize("labels", [(1,), (1, 2), (1, 1), (1, 1, 2), (2, 2, 2), (2, 1, 2, 1)])
@pytest.mark.parametrize("blank", [0, 3])
def test_the_best_way_is_the_best_of_all_paths(labels: tuple[int, ...], blank: int) -> None:
    ids = [3 - i if blank == 3 else i for i in labels]
    for seed in range(6):
        logs = log_softmax(np.random.default_rng(seed).normal(size=(6, 4)) * 2)
        worth = {
            path: float(sum(logs[i, token] for i, token in enumerate(path)))
            for path in product(range(4), repeat=6)
            if labelling(path, blank) == tuple(ids)
        }
        best = max(worth, key=worth.__getitem__)
        spans = forced(logs, ids, blank)
        path = np.full(6, blank)
        for span, token in zip(spans, ids, strict=True):
            path[span.first : span.end] = token
        assert tuple(path.tolist()) == best
        blanks = float(logs[path == blank, blank].sum())
        assert sum(span.log for span in spans) + blanks == pytest.approx(worth[best], abs=1e-12)


def test_feasible_exactly_where_the_frames_are_enough() -> None:
    """Labels, and a blank between equal neighbours."""
    for labels, needed in (((1, 2), 2), ((1, 1), 3), ((2, 2, 2), 5)):
        assert len(forced(np.zeros((needed, 3)), labels)) == len(labels)
        with pytest.raises(ValueError, match=f"need {needed} frames, and there are {needed - 1}"):
            forced(np.zeros((needed - 1, 3)), labels)
    assert forced(np.zeros((4, 3)), []) == []
    with pytest.raises(ValueError, match="rules these labels out"):
        forced(np.array([[0.0, -math.inf]] * 3), [1])


def test_times_and_confidences_of_words() -> None:
    """Two words and a space of its own: `ab` in frames 1 to 3, `é` in frames 6 and 7."""
    path = [0, 1, 2, 2, 4, 0, 5, 5, 0]
    probabilities = np.full((9, 6), 0.02)
    probabilities[np.arange(9), path] = 0.9
    probabilities[3] = [0.1, 0.1, 0.5, 0.1, 0.1, 0.1]
    found = timed_words(np.log(probabilities), [1, 2, 4, 5], spelled, 0.02)
    assert [word.word for word in found] == ["ab", "é"]
    assert [(word.start, word.end) for word in found] == [(0.02, 0.08), (0.12, 0.16)]
    assert found[0].confidence == pytest.approx((0.9 * 0.9 * 0.5) ** (1 / 3))
    assert found[1].confidence == pytest.approx(0.9)
    assert timed_words(np.log(probabilities).astype(np.float32) + 3, [1, 2, 4, 5], spelled, 0.02) == [
        TimedWord(word.word, word.start, word.end, pytest.approx(word.confidence, abs=1e-6)) for word in found
    ], "logits as well"


def test_words_of_pieces_that_begin_with_a_space_and_of_scripts_without_spaces() -> None:
    pieces = ["-", " the", " fer", "ry", "渡", "船"]

    def text(ids: Sequence[int]) -> str:
        return "".join(pieces[i] for i in ids).strip()

    logs = np.log(np.full((12, 6), 1 / 6))
    assert [word.word for word in timed_words(logs, [1, 2, 3], text, 0.1)] == ["the", "ferry"]
    assert [word.word for word in timed_words(logs, [4, 5], text, 0.1)] == ["渡", "船"]
    assert timed_words(logs, [], text, 0.1) == []
    times = timed_words(logs, [1, 2, 3], text, 0.1)
    assert all(isinstance(word, TimedWord) and 0 <= word.start < word.end <= 1.2001 for word in times)
    assert times[0].end <= times[1].start


def test_a_minute_of_frames_is_aligned_at_once() -> None:
    """3,000 frames and 900 labels: memory and time of frames times labels, without a loop over labels."""
    logs = log_softmax(np.random.default_rng(0).normal(size=(3000, 32)))
    labels = np.random.default_rng(1).integers(1, 32, 900).tolist()
    spans = forced(logs, labels)
    assert all(one.end <= other.first for one, other in pairwise(spans))
