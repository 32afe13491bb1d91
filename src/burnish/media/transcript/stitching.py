"""Transcripts of overlapping windows, joined where they agree."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

APART = "_apart"
"""Of a view: set where it shares nothing with the views beside it."""
_LONGEST = 64
"""Words at the seam that are compared: more than anyone says while two windows overlap."""


def stitched(texts: Sequence[str], *, spaced: bool = True, apart: bool = False) -> str:
    """One transcript of the windows of a recording, in their order; each overlaps the one before.

    Two windows are joined at the longest run of words that the end of the first and the beginning of the second share:
    the first is kept up to the middle of the run, because a window says least surely what it hears at its edge. Where they
    share no word, both are kept whole.

    Args:
        texts: of the windows.
        spaced: whether words are written apart; else characters are compared.
        apart: whether the windows share nothing, so that one simply follows the other.
    """
    if apart:
        return (" " if spaced else "").join(text.strip() for text in texts if text.strip())
    whole: list[str] = []
    for text in texts:
        words = text.split() if spaced else list(text.strip())
        if not whole or not words:
            whole += words
            continue
        kept, skipped = _seam(whole, words)
        whole = whole[:kept] + words[skipped:]
    return (" " if spaced else "").join(whole)


def _seam(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """How many words of the left are kept, and how many of the right are left out."""
    first = max(0, len(left) - _LONGEST)
    ends = [_plain(word) for word in left[first:]]
    begins = [_plain(word) for word in right[:_LONGEST]]
    length, end, begin = _longest_run(ends, begins)
    if not length:
        return len(left), 0
    half = (length + 1) // 2
    return first + end + half, begin + half


def _longest_run(ends: Sequence[str], begins: Sequence[str]) -> tuple[int, int, int]:
    """Length and places of the longest run of equal words; of equals the last of the left and the first of the right.

    A run is worth less the more words stand behind it on the left and before it on the right: those would be lost.
    """
    best, where = 0.0, (0, 0, 0)
    lengths = [[0] * (len(begins) + 1) for _ in range(len(ends) + 1)]
    for i, word in enumerate(ends):
        for j, other in enumerate(begins):
            if word and word == other:
                length = lengths[i][j] + 1
                lengths[i + 1][j + 1] = length
                lost = abs((len(ends) - i - 1) - (j + 1 - length)) / (len(ends) + len(begins))
                if (worth := length - lost) > best:
                    best, where = worth, (length, i + 1 - length, j + 1 - length)
    return where


def _plain(word: str) -> str:
    """A word by which two windows are compared: without case and punctuation."""
    kept = (c for c in unicodedata.normalize("NFKC", word).casefold() if unicodedata.category(c)[0] not in "PSZC")
    return "".join(kept)
