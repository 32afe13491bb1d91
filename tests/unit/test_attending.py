"""Where a decoder looked: the cheapest way by brute force, blocks of attention, and phrases of timed words."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from burnish.core.generated import TokenTimes
from burnish.media.transcript.aligning import TimedWord
from burnish.media.transcript.attending import _path, attended_words, token_begins
from burnish.media.transcript.phrases import phrases


def cheapest(costs: np.ndarray) -> float:
    """Over all ways that go on by one row, one column or both."""
    rows, columns = costs.shape
    best = np.full((rows, columns), np.inf)
    best[0, 0] = costs[0, 0]
    for row, column in product(range(rows), range(columns)):
        before = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
        ways = [best[r, c] for r, c in before if r >= 0 and c >= 0]
        best[row, column] = costs[row, column] + min(ways) if ways else costs[row, column]
    return float(best[-1, -1])


@pytest.mark.parametrize("seed", range(20))
def test_the_way_is_the_cheapest_and_never_goes_back(seed: int) -> None:
    random = np.random.default_rng(seed)
    costs = random.normal(size=(int(random.integers(1, 6)), int(random.integers(1, 8))))
    rows, columns = _path(costs)
    assert costs[rows, columns].sum() == pytest.approx(cheapest(costs), abs=1e-9)
    assert (rows[0], columns[0]) == (0, 0)
    assert (rows[-1], columns[-1]) == (costs.shape[0] - 1, costs.shape[1] - 1)
    steps = np.stack([np.diff(rows), np.diff(columns)])
    assert ((steps >= 0) & (steps <= 1)).all()
    assert (steps.sum(axis=0) > 0).all()


def test_tokens_begin_where_they_are_looked_at() -> None:
    """Three tokens and the end over 60 states, one head sharp and one that looks everywhere, behind a prompt of two."""
    edges = [0, 20, 32, 50, 60]
    sharp = np.full((5, 60), 1e-3)
    sharp[0] = 1.0
    for row, (start, end) in enumerate(pairwise(edges), start=1):
        sharp[row, start:end] = 1.0
    sharp /= sharp.sum(axis=1, keepdims=True)
    flat = np.full((5, 60), 1 / 60)
    begins = token_begins(np.stack([sharp, flat]), prompt=2)
    assert np.abs(begins - np.array(edges[:-1])).max() <= 1


def test_words_are_made_of_tokens_and_pauses_are_none() -> None:
    pieces = ["He", "llo,", " you", " there"]
    times = TokenTimes(np.array([0.0, 3.0, 3.4, 3.6, 9.0]), np.log([0.5, 0.5, 0.9, 0.8]))
    found = attended_words([0, 1, 2, 3], times, lambda ids: "".join(pieces[i] for i in ids), 5.0)
    assert [word.word for word in found] == ["Hello,", "you", "there"]
    assert found[0].end == 3.4
    assert found[0].start > 1.5, "the silence before the first word is none of it"
    assert (found[1].start, found[1].end) == (3.4, 3.6)
    assert found[2].end <= 5.0
    assert [round(word.confidence, 6) for word in found] == [0.5, 0.9, 0.8]


def timed(*words: tuple[str, float, float]) -> list[TimedWord]:
    return [TimedWord(word, start, end, 1.0) for word, start, end in words]


def test_phrases_end_with_sentences_pauses_and_room() -> None:
    words = timed(("It", 0, 0.2), ("leaves.", 0.2, 0.5), ("At", 0.5, 0.6), ("noon", 2.0, 2.2))
    assert [text for text, _ in phrases("It leaves. At  noon", words)] == ["It leaves.", "At", "noon"]
    many = timed(*((f"word{n}", n * 0.1, n * 0.1 + 0.1) for n in range(30)))
    parts = phrases(" ".join(word.word for word in many), many)
    assert all(len(text) <= 84 for text, _ in parts)
    assert [word for _, own in parts for word in own] == many
    assert " ".join(text for text, _ in parts) == " ".join(word.word for word in many)
    slow = timed(*((f"w{n}", n * 2.0, n * 2.0 + 1.9) for n in range(6)))
    assert [len(own) for _, own in phrases(" ".join(word.word for word in slow), slow)] == [3, 3]


def test_scripts_without_spaces() -> None:
    words = timed(("渡", 0, 0.1), ("轮", 0.1, 0.2), ("开。", 0.2, 0.3), ("早", 0.3, 0.4))
    assert [text for text, _ in phrases("渡轮开。早", words)] == ["渡轮开。", "早"]
