"""Transcripts of overlapping windows, joined where they agree."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

APART = "_apart"
"""Of a view: set where it shares nothing with the views beside it."""
_LONGEST = 64
"""Words at the seam that are compared: more than anyone says while two windows overlap."""
_STRAY = 0.25
"""What each word of an overlap costs, on both sides: more than half of it must be equal words to pay for it."""


def stitched(texts: Sequence[str], *, spaced: bool = True, apart: bool = False) -> str:
    """One transcript of the windows of a recording, in their order; each overlaps the one before.

    Args:
        texts: of the windows.
        spaced: whether words are written apart; else characters are compared.
        apart: whether the windows share nothing, so that one simply follows the other.
    """
    joining = Stitching(spaced, apart)
    for text in texts:
        joining.add(text)
    return joining.text()


class Stitching:
    """A transcript that grows window by window.

    The end of the first window is laid over the beginning of the second such that most words agree, and they are joined at
    the longest run of equal words: the first is kept up to the middle of the run, because a window says least surely what it
    hears at its edge. Where no overlap agrees in more than half of its words, as after a pause, both are kept whole.

    Args:
        spaced: whether words are written apart; else characters are compared.
        apart: whether the windows share nothing, so that one simply follows the other.
    """

    def __init__(self, spaced: bool = True, apart: bool = False) -> None:
        self._spaced, self._apart = spaced, apart
        self._words: list[str] = []
        self._places: list[tuple[int, int]] = []
        self._windows = 0

    def add(self, text: str) -> None:
        """The next window."""
        words = text.split() if self._spaced else list(text.strip())
        joins = self._words and words and not self._apart
        kept, skipped = _seam(self._words, words) if joins else (len(self._words), 0)
        self._words[kept:] = words[skipped:]
        self._places[kept:] = [(self._windows, place) for place in range(skipped, len(words))]
        self._windows += 1

    @property
    def settled(self) -> int:
        """How many words no later window can change."""
        return len(self._words) if self._apart else max(0, len(self._words) - _LONGEST)

    def text(self, start: int = 0, end: int | None = None) -> str:
        """Of these words, or characters."""
        return (" " if self._spaced else "").join(self._words[start:end])

    def __len__(self) -> int:
        """How many words, or characters."""
        return len(self._words)

    def kept(self) -> list[tuple[str, list[int]]]:
        """Of each window what of it is in the whole: its text, and the places of its words among those it had."""
        words: list[list[str]] = [[] for _ in range(self._windows)]
        places: list[list[int]] = [[] for _ in range(self._windows)]
        for word, (window, place) in zip(self._words, self._places, strict=True):
            words[window].append(word)
            places[window].append(place)
        return [((" " if self._spaced else "").join(own), at) for own, at in zip(words, places, strict=True)]


def _seam(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """How many words of the left are kept, and how many of the right are left out."""
    first = max(0, len(left) - _LONGEST)
    ends = [_plain(word) for word in left[first:]]
    begins = [_plain(word) for word in right[:_LONGEST]]
    length, end, begin = _longest_run(_shared(ends, begins))
    if not length:
        return len(left), 0
    half = (length + 1) // 2
    return first + end + half, begin + half


def _shared(ends: Sequence[str], begins: Sequence[str]) -> list[tuple[int, int]]:
    """Places of the words that both have, where an end of the left is laid over a beginning of the right.

    Of all such overlaps the one with the most equal words beyond half of its words; none where no overlap has more: a word
    that both windows happen to hold is no seam, and everything behind and before it would be lost.
    """
    worth = [[-_STRAY * j for j in range(len(begins) + 1)]]  # the left may begin anywhere before the overlap
    for i, word in enumerate(ends):
        row = [0.0]
        for j, other in enumerate(begins):
            equal = worth[i][j] + 1 - 2 * _STRAY if word and word == other else -math.inf
            row.append(max(equal, worth[i][j + 1] - _STRAY, row[j] - _STRAY))
        worth.append(row)
    most = max(worth[-1])
    if most <= 0:
        return []
    i, j = len(ends), worth[-1].index(most)
    places: list[tuple[int, int]] = []
    while i and j:
        same = ends[i - 1] and ends[i - 1] == begins[j - 1]
        if same and worth[i][j] == worth[i - 1][j - 1] + 1 - 2 * _STRAY:
            i, j = i - 1, j - 1
            places.append((i, j))
        elif worth[i][j] == worth[i - 1][j] - _STRAY:
            i -= 1
        else:
            j -= 1
    return places[::-1]


def _longest_run(places: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """Length of the longest run of neighbouring places, and where it begins on the left and on the right."""
    best, length = (0, 0, 0), 0
    for number, (i, j) in enumerate(places):
        length = length + 1 if number and places[number - 1] == (i - 1, j - 1) else 1
        if length > best[0]:
            best = (length, i + 1 - length, j + 1 - length)
    return best


def _plain(word: str) -> str:
    """A word by which two windows are compared: without case and punctuation."""
    kept = (c for c in unicodedata.normalize("NFKC", word).casefold() if unicodedata.category(c)[0] not in "PSZC")
    return "".join(kept)
