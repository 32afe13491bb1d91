"""Entities in tag sequences, read as conlleval and seqeval read them, and their counts per row and type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.metrics._resampling import remembered

OUTSIDE = "O"
Span = tuple[str, int, int]


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and entity type: `B-person` is (B, person), `B` is (B, _); a tag without a prefix, such as NOUN, is (I, NOUN)."""
    if tag == OUTSIDE or tag.startswith("O-"):
        return OUTSIDE, ""
    prefix, _, kind = tag.partition("-")
    if prefix in ("B", "I", "E", "S"):
        return prefix, kind or "_"
    return "I", tag


def spans(tags: Sequence[str | None]) -> set[Span]:
    """The entities of a sentence: (type, first word, last word).

    BIO, IOB2 and IOBES. An entity that begins with I- (malformed IOB2, which models do answer) is an entity all the
    same, and one of another type ends the one before: the lenient reading of the CoNLL-2000 script `conlleval`. A
    missing tag counts as O.
    """
    found: set[Span] = set()
    kind, first = "", -1
    for i, tag in enumerate(tags):
        prefix, this = split_tag(OUTSIDE if tag is None else tag)
        goes_on = first >= 0 and prefix in ("I", "E") and this == kind
        if first >= 0 and not goes_on:
            found.add((kind, first, i - 1))
            first = -1
        if prefix == OUTSIDE:
            continue
        if not goes_on:
            kind, first = this, i
        if prefix in ("E", "S"):
            found.add((kind, first, i))
            first = -1
    if first >= 0:
        found.add((kind, first, len(tags) - 1))
    return found


@dataclass(frozen=True)
class SpanMatrices:
    """Right, true and answered entities of N rows by type.

    Attributes:
        types: T entity types that occur among truths or answers, sorted.
        hits: int32 [N, T], answered and true.
        truths: int32 [N, T].
        answers: int32 [N, T].
    """

    types: tuple[str, ...]
    hits: NDArray[np.int32]
    truths: NDArray[np.int32]
    answers: NDArray[np.int32]


def span_matrices(known: Predictions) -> SpanMatrices:
    """The entities of a `tags` table whose rows all have truth."""
    return remembered(known, "span_matrices", _span_matrices)


def _span_matrices(known: Predictions) -> SpanMatrices:
    truths = [spans(row) for row in known.truth]
    answers = [spans(row or []) for row in known.answer]
    named = {split_tag(name)[1] for name in known.names} - {""}
    types = tuple(sorted(named | {span[0] for row in (*truths, *answers) for span in row}))
    number = {name: i for i, name in enumerate(types)}
    counted = np.zeros((3, len(known), len(types)), np.int32)
    for i, (true, answered) in enumerate(zip(truths, answers, strict=True)):
        for matrix, found in zip(counted, (true & answered, true, answered), strict=True):
            for kind, _, _ in found:
                matrix[i, number[kind]] += 1
    return SpanMatrices(types, counted[0], counted[1], counted[2])
