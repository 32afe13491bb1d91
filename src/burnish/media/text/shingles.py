"""Shingles of texts: overlapping runs of characters, as hashes, by which texts that say nearly the same are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 4
"""Characters of a shingle."""
SIZE_OF_SIGNS = 2
"""The same where a sign is a syllable or a word: in Chinese, Japanese and Korean."""
READ = 10_000
"""Characters of a text that are compared: of longer ones the beginning."""
_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BETWEEN = re.compile(r"[\W_]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def plain(text: str) -> str:
    """A text without case, width and punctuation, one space between words."""
    folded = text[:READ] if text.isascii() else unicodedata.normalize("NFKC", text[:READ])
    return _BETWEEN.sub(" ", folded.casefold()).strip()


def shingles(texts: Sequence[str | None]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the shingles of texts, one text after another, and where each text begins.

    A shingle that occurs twice is there twice; a text shorter than a shingle is one, and a text of nothing has none.

    Returns:
        hashes [S] and bounds [N + 1]: those of text i are `hashes[bounds[i]:bounds[i + 1]]`.
    """
    words = [plain(text) if text else "" for text in texts]
    sizes = np.array([_size(text) for text in words], np.int64)
    lengths = np.array([len(text) for text in words], np.int64)
    counts = np.where(lengths == 0, 0, np.maximum(lengths - sizes + 1, 1))
    bounds = np.concatenate([[0], np.cumsum(counts)])
    hashes = np.zeros(bounds[-1], np.uint64)
    for size in (SIZE, SIZE_OF_SIGNS):
        chosen = np.flatnonzero(sizes == size)
        if len(chosen):
            made = _hashed([words[i] for i in chosen], lengths[chosen], size)
            hashes[_places(bounds[chosen], counts[chosen])] = made
    return hashes, bounds


def _size(text: str) -> int:
    if text.isascii():
        return SIZE
    sample = text[:1000]
    return SIZE_OF_SIGNS if 3 * len(_SIGNS.findall(sample)) > len(sample) else SIZE


def _places(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of runs that begin at `starts` and are `counts` long, one run after another."""
    ends = np.cumsum(counts)
    places: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
    return places


def _hashed(words: Sequence[str], lengths: NDArray[np.int64], size: int) -> NDArray[np.uint64]:
    """Of every text each run of `size` characters as a number; of a shorter one the whole."""
    # Filled up to a whole shingle, so that none reaches into the next text.
    room = np.where(lengths == 0, 0, np.maximum(lengths, size))
    text = "".join(word if len(word) >= size else word.ljust(size, "\0") for word in words if word)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if not len(codes):
        return np.zeros(0, np.uint64)
    rolled = np.zeros(len(codes) - size + 1, np.uint64)
    for place in range(size):
        rolled = rolled * _FACTOR + codes[place : len(codes) - size + 1 + place] + np.uint64(1)
    starts = np.concatenate([[0], np.cumsum(room)[:-1]])
    counts = np.where(room == 0, 0, room - size + 1)
    return mixed(rolled[_places(starts, counts)])


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose every bit depends on every bit of those given (the finaliser of SplitMix64; Steele et al., 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    done: NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return done


def jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """What two sets share of all that either holds; both sorted, each number once. 0 where both are empty."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    either = len(one) + len(other) - both
    return both / either if either else 0.0
