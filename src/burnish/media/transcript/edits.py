"""What turns one transcript into another: substitutions, deletions and insertions of words and of characters.

Levenshtein's distance, by rapidfuzz. Of several shortest ways its first one counts, so that every figure is of one way.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from burnish.core.errors import InputError

EditKind = Literal["hit", "substitution", "deletion", "insertion"]


@dataclass(frozen=True)
class Edits:
    """How many of each, between a reference and a hypothesis.

    Attributes:
        hits: units of the reference that stand in the hypothesis.
        substitutions: units of the reference with another in their place.
        deletions: units of the reference without any.
        insertions: units of the hypothesis beside those.
    """

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """All that is wrong; of an empty reference every unit of the hypothesis, an insertion each."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference(self) -> int:
        """Units of the reference, by which a corpus divides its errors, once."""
        return self.hits + self.substitutions + self.deletions


@dataclass(frozen=True)
class AlignedPair:
    """A word of the reference beside one of the hypothesis; the empty text where a side has none."""

    kind: EditKind
    reference: str
    hypothesis: str


def edits(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> Edits:
    """Of words (two lists), or of characters (two texts; a space is one).

    Raises:
        InputError: rapidfuzz is not installed.
    """
    steps = [step.tag for step in _levenshtein().editops(*_numbered(reference, hypothesis))]
    substitutions, deletions = steps.count("replace"), steps.count("delete")
    hits = len(reference) - substitutions - deletions
    return Edits(hits, substitutions, deletions, steps.count("insert"))


def distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """The errors alone.

    Raises:
        InputError: rapidfuzz is not installed.
    """
    return int(_levenshtein().distance(*_numbered(reference, hypothesis)))


def aligned(reference: Sequence[str], hypothesis: Sequence[str]) -> list[AlignedPair]:
    """The words of both in order, each beside the one that stands in its place.

    Raises:
        InputError: rapidfuzz is not installed.
    """
    pairs: list[AlignedPair] = []
    for step in _levenshtein().opcodes(*_numbered(reference, hypothesis)):
        own, other = reference[step.src_start : step.src_end], hypothesis[step.dest_start : step.dest_end]
        kind = _KINDS[step.tag]
        longer = max(len(own), len(other))
        own, other = ([*side, *[""] * (longer - len(side))] for side in (own, other))
        pairs += [AlignedPair(kind, *pair) for pair in zip(own, other, strict=True)]
    return pairs


_KINDS: dict[str, EditKind] = {
    "equal": "hit",
    "replace": "substitution",
    "delete": "deletion",
    "insert": "insertion",
}


def _numbered(*sides: Sequence[Hashable]) -> list[Sequence[Any]]:
    """Words as numbers: rapidfuzz compares words by their hash, and equal hashes need not be equal words."""
    numbers: dict[Hashable, int] = {}
    return [
        side if isinstance(side, str) else [numbers.setdefault(unit, len(numbers)) for unit in side] for side in sides
    ]


def _levenshtein() -> Any:
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise InputError(
            "word and character errors need the package rapidfuzz", fix="pip install 'burnish[train]'"
        ) from error
    return Levenshtein
