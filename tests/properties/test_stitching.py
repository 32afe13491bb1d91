"""Transcripts of overlapping windows become that of the whole recording."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from burnish.media.transcript.stitching import stitched

WORDS = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(120)]
SIGNS = [chr(0x4E00 + n) for n in range(120)]
COUNTS = some.tuples(some.integers(1, 100), some.integers(4, 30), some.integers(1, 12))


def windows(words: Sequence[str], length: int, overlap: int) -> list[list[str]]:
    """Each but the first begins with the last `overlap` words of the one before."""
    step = max(1, length - overlap)
    starts = range(0, max(1, len(words) - min(overlap, length - 1)), step)
    return [list(words[start : start + length]) for start in starts]


@given(COUNTS)
def test_windows_that_agree_give_the_whole(counts: tuple[int, int, int]) -> None:
    """Of different words, spaced or not."""
    number, length, overlap = counts
    overlap = min(overlap, length - 1)
    spaced, unspaced = WORDS[:number], SIGNS[:number]
    assert stitched([" ".join(part) for part in windows(spaced, length, overlap)]) == " ".join(spaced)
    assert stitched(["".join(part) for part in windows(unspaced, length, overlap)], spaced=False) == "".join(unspaced)


@given(COUNTS)
def test_windows_that_share_nothing_are_all_kept(counts: tuple[int, int, int]) -> None:
    number, length, _ = counts
    parts = [WORDS[start : start + length] for start in range(0, number, length)]
    whole = [word for part in parts for word in part]
    assert stitched([" ".join(part) for part in parts]) == " ".join(whole)
    signs = [SIGNS[start : start + length] for start in range(0, number, length)]
    assert stitched(["".join(part) for part in signs], spaced=False) == "".join(sign for part in signs for sign in part)


@given(COUNTS)
def test_words_at_the_edges_that_were_misheard_are_lost(counts: tuple[int, int, int]) -> None:
    """The last word of a window and the first of the next are others than what was said; the other window has them."""
    number, length, _ = counts
    length = max(12, length)
    parts = windows(WORDS[:number], length, 6)
    for part, following in pairwise(parts):
        part[-1], following[0] = "misheard", "wrongly"
    assert stitched([" ".join(part) for part in parts]) == " ".join(WORDS[:number])


@given(COUNTS)
def test_case_and_punctuation_do_not_keep_windows_apart(counts: tuple[int, int, int]) -> None:
    """A window begins with a capital and ends with a stop, as a sentence does."""
    number, length, overlap = counts
    parts = windows(WORDS[:number], length, min(overlap, length - 1))
    written = [" ".join([part[0].capitalize(), *part[1:]]) + "." for part in parts]
    assert [word.strip(".").lower() for word in stitched(written).split()] == WORDS[:number]


@given(some.lists(some.text(max_size=20), max_size=4))
def test_any_texts_end_in_single_spaces_and_one_window_is_itself(texts: list[str]) -> None:
    whole = stitched(texts)
    assert whole == " ".join(whole.split())
    if len(texts) == 1:
        assert whole == " ".join(texts[0].split())
    spoken = {word for text in texts for word in text.split()}
    assert set(whole.split()) <= spoken, "no word is made up"


def test_windows_without_words_are_passed_over() -> None:
    assert stitched([]) == ""
    assert stitched(["", "a b", " ", "b c"]) == "a b c"


def test_a_word_that_both_windows_hold_is_no_seam() -> None:
    """Where the overlap is a pause, windows still share the commonest words of the language: nothing may be lost."""
    first = "It was cold, and so we walked down to the harbour where the boats lay waiting for wind that morning."
    second = "My uncle had bought two horses from a man in the north, and nobody said why one was lame."
    assert stitched([first, second]) == f"{first} {second}"


@given(some.integers(0, 12), some.integers(0, 12), some.integers(0, 10))
def test_few_words_are_lost_or_doubled_at_a_seam(behind: int, before: int, overlap: int) -> None:
    """Two windows with a common word anywhere: at most what the overlap has and the words beside it."""
    left, right = WORDS[:40], WORDS[40 - overlap : 80]
    left = [*left[: 39 - behind], "the", *left[39 - behind :]]
    right = [*right[:before], "the", *right[before:]]
    assert abs(len(stitched([" ".join(left), " ".join(right)]).split()) - 82) <= 3
