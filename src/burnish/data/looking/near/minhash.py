"""Texts that share most of their shingles: MinHash finds the candidates, the exact Jaccard similarity confirms them.

MinHash and bands: Broder, "On the resemblance and containment of documents" (1997); Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.seeds import generator
from burnish.media.text.shingles import jaccard, mixed, shingles

BANDS, ROWS = 30, 5
"""Two texts are candidates where all hashes of a band are equal: with a similarity of 0.7, 99.6 of 100 are, of 0.3, 7."""
COMPARED = 24
"""Earlier rows of a bucket that a row is compared with: where a template fills a bucket, all are like its first."""
_TOGETHER = 1 << 17  # shingles whose hashes are computed at once: they stay in the cache of a core

Texts = Sequence[str | None]


@dataclass(frozen=True)
class Pairs:
    """P pairs of rows that are nearly the same.

    Attributes:
        first, second: [P] positions, the first before the second.
        similarity: [P] of each pair, from 0 to 1.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, found: Sequence[tuple[int, int, float]]) -> Pairs:
        """From (first, second, similarity)."""
        first, second, similarity = zip(*sorted(found), strict=True) if found else ((), (), ())
        return cls(np.array(first, np.int64), np.array(second, np.int64), np.array(similarity, np.float64))


def signatures(texts: Texts, count: int = BANDS * ROWS) -> NDArray[np.uint32]:
    """[N, count] of each text the least of its shingles' hashes, for `count` hash functions; the largest number of none.

    The share of equal columns of two rows estimates their Jaccard similarity s, with a variance of s (1 - s) / count.
    """
    hashes, bounds = shingles(texts)
    made = np.full((len(texts), count), np.iinfo(np.uint32).max, np.uint32)
    factors, shifts = _functions(count)
    filled = np.flatnonzero(np.diff(bounds))
    start = 0
    while start < len(filled):
        stop = int(np.searchsorted(bounds[filled], bounds[filled[start]] + _TOGETHER, side="right"))
        some = filled[start : max(stop, start + 1)]
        low, high = bounds[some[0]], bounds[some[-1] + 1]
        part, starts = hashes[low:high], bounds[some] - low
        for column in range(count):
            values = ((part * factors[column] + shifts[column]) >> np.uint64(32)).astype(np.uint32)
            made[some, column] = np.minimum.reduceat(values, starts)
        start += len(some)
    return made


def _functions(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Factors and shifts of the hash functions (multiply-shift; Dietzfelbinger et al., 1997), always the same."""
    drawn = generator("minhash").integers(0, 2**64, (2, count), np.uint64, endpoint=False)
    return drawn[0] | np.uint64(1), drawn[1]


def bands_of(texts: Texts) -> NDArray[np.uint64]:
    """[N, BANDS] a hash of each band of the signature; 0 throughout where a text says nothing."""
    flat = signatures(texts)
    made = flat.reshape(len(texts), BANDS, ROWS)
    keys = np.zeros((len(texts), BANDS), np.uint64)
    for row in range(ROWS):
        keys = mixed(keys + made[:, :, row].astype(np.uint64) + np.uint64(row + 1))
    keys[(flat == np.iinfo(np.uint32).max).all(axis=1)] = 0  # such as texts of punctuation alone
    return keys


def candidates(bands: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of positions [P], [P] that share a band, the first before the second; each with at most `COMPARED` a band."""
    found: set[int] = set()
    rows = len(bands)
    for column in range(bands.shape[1]):
        keys = bands[:, column]
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero((np.diff(keys[order]) == 0) & (keys[order][1:] != 0))
        if not len(same):
            continue
        cuts = np.flatnonzero(np.diff(same) > 1) + 1
        for run in np.split(same, cuts):
            bucket = order[run[0] : run[-1] + 2]
            for place in range(1, len(bucket)):
                earlier = _earlier(bucket, place)
                found.update((earlier * rows + int(bucket[place])).tolist())
    codes = np.fromiter(found, np.int64, len(found))
    codes.sort()
    return codes // rows, codes % rows


def _earlier(bucket: NDArray[np.int64], place: int) -> NDArray[np.int64]:
    """The first of a bucket, and those just before a place."""
    if place <= COMPARED:
        return bucket[:place]
    return np.concatenate([bucket[: COMPARED // 2], bucket[place - COMPARED // 2 : place]])


def confirmed(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    read: Callable[[NDArray[np.int64]], Iterable[str | None]],
    least: float,
) -> Pairs:
    """The candidates whose exact Jaccard similarity is at least `least`.

    Args:
        first, second: of each candidate.
        read: the texts at increasing positions.
    """
    involved = np.unique(np.concatenate([first, second]))
    sets: dict[int, NDArray[np.uint64]] = {}
    for start in range(0, len(involved), 4096):
        some = involved[start : start + 4096]
        hashes, bounds = shingles(list(read(some)))
        sets |= {int(row): np.unique(hashes[bounds[i] : bounds[i + 1]]) for i, row in enumerate(some)}
    found = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        small, large = sorted((len(sets[one]), len(sets[other])))
        if small < least * large:  # they cannot share so much
            continue
        similarity = jaccard(sets[one], sets[other])
        if similarity >= least:
            found.append((one, other, similarity))
    return Pairs.of(found)


def grouped(pairs: Pairs, count: int) -> NDArray[np.int64]:
    """[count] for each row the first row of those it hangs together with, by whatever chain of pairs."""
    lead = np.arange(count)

    def root(row: int) -> int:
        while lead[row] != row:
            lead[row] = lead[lead[row]]
            row = int(lead[row])
        return row

    for one, other in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True):
        left, right = root(one), root(other)
        lead[max(left, right)] = min(left, right)
    return np.array([root(row) for row in range(count)], np.int64)
