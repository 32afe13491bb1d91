"""Texts in nearly the same words: the estimate against the exact similarity, what is found against all pairs."""

from __future__ import annotations

import random

import numpy as np
import pytest

from burnish.data.looking.near.minhash import Pairs, bands_of, candidates, confirmed, grouped, signatures
from burnish.media.text.shingles import SIZE, jaccard, plain, shingles

WORDS = [f"{a}{b}" for a in ("ferry", "island", "harbour", "storm", "ticket", "captain") for b in "abcdefgh"]


def texts(count: int, seed: int = 0, words: int = 14) -> list[str]:
    """Random sentences, a third of them copies of earlier ones with some words changed."""
    draw = random.Random(seed)
    made: list[str] = []
    for number in range(count):
        if number % 3 == 2:
            parts = made[draw.randrange(len(made))].split()
            for _ in range(draw.randrange(1, 4)):
                parts[draw.randrange(len(parts))] = draw.choice(WORDS)
        else:
            parts = [draw.choice(WORDS) for _ in range(words)]
        made.append(" ".join(parts))
    return made


def sets(of: list[str]) -> list[set[str]]:
    """The shingles of texts as strings, by hand."""
    return [{text[i : i + SIZE] for i in range(len(text) - SIZE + 1)} for text in map(plain, of)]


def exact(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def test_shingles_are_those_counted_by_hand() -> None:
    made = texts(20)
    hashes, bounds = shingles(made)
    for row, expected in enumerate(sets(made)):
        assert len(np.unique(hashes[bounds[row] : bounds[row + 1]])) == len(expected)


def test_the_similarity_of_hashes_is_that_of_the_shingles() -> None:
    made = texts(30, seed=1)
    hashes, bounds = shingles(made)
    unique = [np.unique(hashes[bounds[i] : bounds[i + 1]]) for i in range(len(made))]
    by_hand = sets(made)
    for i in range(0, 30, 3):
        for j in range(i + 1, 30):
            assert jaccard(unique[i], unique[j]) == pytest.approx(exact(by_hand[i], by_hand[j]))


def test_minhash_estimates_the_similarity_without_bias() -> None:
    """The mean error over many pairs is near 0, and the spread is that of so many independent hashes."""
    made = texts(120, seed=2)
    rows, by_hand = signatures(made, 256), sets(made)
    pairs = [(i, j) for i in range(120) for j in range(i)]
    true = np.array([exact(by_hand[i], by_hand[j]) for i, j in pairs])
    said = np.array([(rows[i] == rows[j]).mean() for i, j in pairs])
    assert abs((said - true).mean()) < 0.01
    expected = np.sqrt(true * (1 - true) / 256).mean()
    assert np.sqrt(((said - true) ** 2).mean()) < 1.6 * expected


def test_candidates_hold_what_comparing_all_with_all_finds() -> None:
    made = texts(240, seed=3)
    by_hand = sets(made)
    true = {(i, j) for j in range(240) for i in range(j) if exact(by_hand[i], by_hand[j]) >= 0.7}
    first, second = candidates(bands_of(made))
    found = confirmed(first, second, lambda rows: [made[int(row)] for row in rows], 0.7)
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert len(true) > 30
    assert pairs <= true
    assert len(pairs) >= 0.97 * len(true)
    assert len(first) < 0.2 * 240 * 239 / 2


@pytest.mark.parametrize("nothing", [None, "", "  ", "?!"])
def test_texts_of_nothing_are_like_no_other(nothing: str | None) -> None:
    bands = bands_of([nothing, nothing, "a text that says something"])
    first, _ = candidates(bands)
    assert len(first) == 0


def test_case_width_and_punctuation_change_nothing() -> None:
    assert plain("The FERRY — leaves,  at 5!") == plain("the ferry leaves at ５")


def test_chinese_is_compared_by_pairs_of_signs() -> None:
    hashes, bounds = shingles(["酒店位置很好", "酒店位置不好"])
    one, other = (np.unique(hashes[bounds[i] : bounds[i + 1]]) for i in (0, 1))
    assert jaccard(one, other) == pytest.approx(3 / 7)


def test_rows_hang_together_by_chains() -> None:
    pairs = Pairs.of([(0, 2, 1.0), (2, 5, 0.8), (3, 4, 0.9)])
    assert grouped(pairs, 6).tolist() == [0, 1, 0, 3, 3, 0]
