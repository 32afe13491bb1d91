"""Word and character edits: as jiwer counts them, by hand, and aligned."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.media.transcript.edits import aligned, distance, edits
from tests.transcript_cases import WORDS, garbled


def test_by_hand() -> None:
    found = edits(["the", "old", "ferry", "leaves"], ["the", "ferry", "leaves", "now", "now"])
    assert (found.hits, found.substitutions, found.deletions, found.insertions) == (3, 0, 1, 2)
    assert (found.errors, found.reference) == (3, 4)
    assert edits([], ["x", "y", "z"]).errors == 3
    assert edits([], []).reference == 0
    assert edits(["a"], []).deletions == 1
    assert distance("kitten", "sitting") == 3


def test_as_jiwer_counts_a_thousand_pairs_with_empty_sides() -> None:
    """Each pair, and the corpus: sums that are divided once."""
    jiwer = pytest.importorskip("jiwer", reason="jiwer, the reference for word error rates, is not installed")
    draw = np.random.default_rng(0)
    pairs = []
    for _ in range(1000):
        said = [str(word) for word in draw.choice(WORDS, draw.integers(0, 12))]
        pairs.append((" ".join(said), garbled(said, draw) if draw.random() < 0.9 else ""))
    assert sum(not truth for truth, _ in pairs) > 20
    assert sum(not answer for _, answer in pairs) > 20
    totals = np.zeros(2)
    for truth, answer in pairs:
        words, theirs = edits(truth.split(), answer.split()), jiwer.process_words(truth, answer)
        assert (words.hits, words.substitutions, words.deletions, words.insertions) == (
            theirs.hits, theirs.substitutions, theirs.deletions, theirs.insertions,
        )  # fmt: skip
        characters, theirs = edits(truth, answer), jiwer.process_characters(truth, answer)
        assert characters.errors == theirs.substitutions + theirs.deletions + theirs.insertions
        assert distance(truth, answer) == characters.errors
        totals += words.errors, words.reference
    corpus = jiwer.wer([truth for truth, _ in pairs], [answer for _, answer in pairs])
    assert totals[0] / totals[1] == pytest.approx(corpus, abs=1e-12)


def test_aligned_words_are_both_texts_and_the_fewest_edits() -> None:
    draw = np.random.default_rng(1)
    for _ in range(200):
        said = [str(word) for word in draw.choice(WORDS, draw.integers(0, 9))]
        wrote = garbled(said, draw).split()
        pairs = aligned(said, wrote)
        assert [pair.reference for pair in pairs if pair.reference] == said
        assert [pair.hypothesis for pair in pairs if pair.hypothesis] == wrote
        assert sum(pair.kind != "hit" for pair in pairs) == distance(said, wrote)
        for pair in pairs:
            assert (pair.kind == "hit") == (pair.reference == pair.hypothesis)
            assert (pair.kind == "insertion") == (not pair.reference)
            assert (pair.kind == "deletion") == (not pair.hypothesis)


def test_words_of_equal_hash_are_not_equal() -> None:
    """rapidfuzz compares hashes; in Python -1 and -2 have the same."""
    assert hash(-1) == hash(-2)
    assert distance([-1], [-2]) == 1


def test_says_what_is_missing_where_rapidfuzz_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(InputError, match=r"burnish\[train\]"):
        edits(["a"], ["b"])
