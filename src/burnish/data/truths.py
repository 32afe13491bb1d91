"""The labels of a split, computed once: classes, hashes, states and counts, for whoever learns, weighs, samples or audits."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.table import Part
from burnish.targets import Named, Target

FINE, MISSING, ILLEGAL = 0, 1, 2
_REMEMBERED = 100_000  # different cells whose check is kept


@dataclass(frozen=True)
class Truths:
    """What a target says of the N rows of one split.

    Attributes:
        part: the split.
        target: what was asked; learned, where names have to be.
        strata: int64 [N], the class of each row, numbered in order of first appearance; -1 where it has none.
        hashes: uint64 [N], equal for equal labels; 0 where it is missing.
        states: int8 [N], FINE, MISSING, or ILLEGAL: a cell that is no truth for the target.
        counts: how often each name occurs.
    """

    part: Part
    target: Target
    strata: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    states: NDArray[np.int8]
    counts: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.part)

    def cells(self) -> Iterator[Any]:
        """The cells, one after another."""
        return self.part.cells(self.target.column)

    def each(self) -> Iterator[Any]:
        """The labels as `Target.truth` gives them, one after another."""
        return self.part.table.cells(self.target.column).mapped(self.part.rows, self.target.truth)


def truths_of(part: Part, target: Target) -> Truths:
    """Everything of the labels of a split, in one pass.

    Args:
        part: its table has the target's column.
        target: learned.
    """
    count = len(part)
    strata, hashes = np.full(count, -1, np.int64), np.zeros(count, np.uint64)
    states, counts, seen = np.zeros(count, np.int8), Counter[str](), dict[str, int]()
    known = _Known(target)
    for row, (stratum, hashed, state, names) in enumerate(
        part.table.cells(target.column).mapped(part.rows, known.facts)
    ):
        if stratum is not None:
            strata[row] = seen.setdefault(stratum, len(seen))
        hashes[row], states[row] = hashed, state
        for name, times in names:
            counts[name] += times
    return Truths(part, target, strata, hashes, states, counts)


def strata_of(part: Part, target: Target) -> NDArray[np.int64]:
    """[N] the class number of each row in order of first appearance, -1 where it has none.

    Args:
        part: a split, or a whole table before it is divided.
        target: nothing needs to be learned yet.
    """
    seen: dict[str, int] = {}
    names = part.table.cells(target.column).mapped(part.rows, target.strata)
    numbers = (-1 if name is None else seen.setdefault(name, len(seen)) for name in names)
    return np.fromiter(numbers, np.int64, len(part))


Facts = tuple[str | None, int, int, tuple[tuple[str, int], ...]]


class _Known:
    """What a target says of a cell; of cells that are plain values it is asked once."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.remembered: dict[Any, Facts] = {}

    def facts(self, cell: Any) -> Facts:
        key = (type(cell), cell) if isinstance(cell, (str, int, float, bool, type(None))) else None
        if key is not None and key in self.remembered:
            return self.remembered[key]
        target = self.target
        if not target.problem_with(cell):
            hashed, state = value_hash(target.truth(cell)), FINE
        elif missing(cell):
            hashed, state = 0, MISSING
        else:
            hashed, state = value_hash(cell), ILLEGAL
        counts = tuple(target.counts([cell]).items()) if isinstance(target, Named) else ()
        facts = (target.strata(cell), hashed, state, counts)
        if key is not None and len(self.remembered) < _REMEMBERED:
            self.remembered[key] = facts
        return facts


def missing(value: Any) -> bool:
    """Whether a cell holds nothing: null, not-a-number, white space or an empty list."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    return (isinstance(value, str) and not value.strip()) or (isinstance(value, (list, tuple)) and not value)


def value_hash(value: Any) -> int:
    """A 64-bit hash of a truth, the same on every machine; never 0."""
    text = value if isinstance(value, str) else repr(value)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1
