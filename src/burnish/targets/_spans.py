"""Entities in tag sequences, read as seqeval reads them by default, which is how conlleval does."""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE = "O"
PREFIXES = "BIESLUMW"
"""First letters of tags: begin, inside, end, single; last and unit (BILOU); middle and whole (BMES, BMEWO)."""
Span = tuple[str, int, int]
_ENDS = {("B", "B"), ("B", "S"), ("B", "O"), ("I", "B"), ("I", "S"), ("I", "O")}
_STARTS = {("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I")}


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and entity type: `B-person` is (B, person), `B` is (B, _); a tag without a prefix, such as NOUN, is (I, NOUN)."""
    if tag == OUTSIDE or tag.startswith("O-"):
        return OUTSIDE, ""
    prefix, _, kind = tag.partition("-")
    if len(prefix) == 1 and prefix in PREFIXES:
        return prefix, kind or "_"
    return "I", tag


def spans(tags: Sequence[str | None]) -> set[Span]:
    """The entities of a sentence: (type, first word, last word), as `seqeval` finds them without a scheme.

    IOB1, IOB2, IOE, BIOES, BILOU, BMES and BMEWO. What models answer is often malformed: an entity that begins with I-
    is an entity all the same, and one of another type ends the one before. L, U, M and W go on with an entity of their
    type and begin one of another: seqeval has no other rule for them unless it is told a scheme and to be strict.
    A missing tag counts as O.
    """
    entities: set[Span] = set()
    before, kind, first = OUTSIDE, "", 0
    for i, tag in enumerate([*tags, OUTSIDE]):
        prefix, this = split_tag(OUTSIDE if tag is None else tag)
        this = this or "_"  # bare prefixes and O have one type, so that their prefixes alone decide
        other = kind != this
        if before in ("E", "S") or (before, prefix) in _ENDS or (before != OUTSIDE and other):
            entities.add((kind, first, i - 1))
        if prefix in ("B", "S") or (before, prefix) in _STARTS or (prefix != OUTSIDE and other):
            first = i
        before, kind = prefix, this
    return entities
